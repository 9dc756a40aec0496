import { type Bounds, boundsOf, hoursOf } from '../bounds.ts';
import { usedInPeriod } from '../cut-period.ts';
import type { PeriodUsage, UsagePage, UsageQuery, VmUsage } from '../ledger.ts';
import { beforeAll, unixNanos } from '../moment.ts';
import { hourSeconds } from '../run.ts';
import { usedNothing } from '../stretch.ts';
import { continueSummary } from '../vm-summary.ts';
import type { Compaction } from './compaction.ts';
import type { GroupCommit } from './group-commit.ts';
import { readBefore, readPeriod } from './read-period.ts';
import type { Tables } from './tables.ts';
import type { VmState } from './vm-table.ts';

/** Derives what was used from the runs. */
export interface UsageReader {
  usage(query: UsageQuery): Promise<UsagePage>;
  tracked(activeSinceNanos?: bigint): AsyncGenerator<VmUsage>;
  /** What one VM has used. */
  usageOf(vm: VmState): VmUsage;
}

/** Milliseconds of reading after which requests that wait have their turn. */
const turnMs = 5;

const defaultLimit = 1_000;

const sinceEver: Bounds = { fromSeconds: undefined, toSeconds: undefined };

/** Makes the reader of some tables. It reads in turns, so that a long answer does not keep batches waiting. */
export function createUsageReader(tables: Tables, compaction: Compaction, commit: GroupCommit): UsageReader {
  const { vms, runs, closed } = tables;
  const closedBefore = (vm: VmState) => Math.max(vm.newest.hour, closed.hour);

  function readVm(vmId: string, { customerId }: UsageQuery, bounds: Bounds): PeriodUsage[] {
    const vm = vms.find(vmId);
    if (vm === undefined || vm.newest === beforeAll) return [];
    const end = closedBefore(vm);
    const hours = hoursOf(bounds);
    const period = { vm: vm.id, ...hours, to: Math.min(hours.to, vm.newest.hour + 1), closedBefore: end };
    const stretches = readPeriod(tables, period, (hour) => compaction.ask(vm.id, hour, end));
    return usedInPeriod(readBefore(tables, vm.id, hours.from), stretches, bounds)
      .filter((use) => customerId === undefined || use.customerId === customerId)
      .sort((a, b) => (a.customerId < b.customerId ? -1 : 1))
      .map((use) => ({ vmId, ...use }));
  }

  function usageOf(vm: VmState): VmUsage {
    if (vm.summary === undefined) {
      const end = closedBefore(vm);
      const period = { vm: vm.id, ...hoursOf(sinceEver), to: vm.newest.hour + 1, closedBefore: end };
      vm.summary = continueSummary(
        undefined,
        readPeriod(tables, period, (hour) => compaction.ask(vm.id, hour, end)),
      );
    } else {
      vm.summary = continueSummary(vm.summary, runs.after(vm.id, lastMoment(vm.summary.last.lastNanos)));
    }
    const { summary } = vm;
    const startNanos = earliest(vm.startNanos, summary?.firstNanos) ?? 0n;
    return {
      ...(summary?.used ?? usedNothing),
      vmId: vm.vmId,
      customerId: vm.customerId,
      startNanos,
      endNanos: summary?.last.lastNanos ?? startNanos,
    };
  }

  /** Reads one after the other, for some milliseconds at a time. */
  async function* inTurns<T, U>(items: readonly T[], read: (item: T) => U): AsyncGenerator<U> {
    let next = 0;
    while (next < items.length) {
      yield* await commit.read(() => {
        const part: U[] = [];
        const until = performance.now() + turnMs;
        do part.push(...items.slice(next, ++next).map(read));
        while (next < items.length && performance.now() < until);
        return part;
      });
    }
  }

  return {
    usageOf,
    async usage(query) {
      const { customerId, vmId, after = '', limit = defaultLimit } = query;
      const bounds = boundsOf(query);
      const names =
        vmId === undefined
          ? await commit.read(() => vms.names({ customerId, after, limit: limit + 1 }))
          : [vmId].filter((name) => name > after);
      const rows: PeriodUsage[] = [];
      const page = names.slice(0, limit);
      for await (const read of inTurns(page, (name) => readVm(name, query, bounds))) rows.push(...read);
      return { rows, next: names.length > limit ? page.at(-1) : undefined };
    },
    async *tracked(activeSinceNanos) {
      for (let id = 0; ; ) {
        const page = await commit.read(() => vms.trackedAfter(id, 256));
        if (page.length === 0) return;
        id = page.at(-1)?.id ?? id;
        const read = ({ vmId }: { vmId: string }) => {
          const vm = vms.find(vmId);
          if (vm === undefined || (activeSinceNanos !== undefined && endOf(vm) < activeSinceNanos)) return undefined;
          return usageOf(vm);
        };
        for await (const usage of inTurns(page, read)) if (usage !== undefined) yield usage;
      }
    },
  };
}

/** Time of the newest sample or, without one, of the start. */
function endOf({ newest, startNanos }: VmState): bigint {
  return newest === beforeAll ? (startNanos ?? 0n) : unixNanos(newest);
}

function lastMoment(unixNanos: bigint) {
  const hour = Math.floor(Number(unixNanos / 1_000_000_000n) / hourSeconds);
  return { hour, nanos: Number(unixNanos - hourNanos(BigInt(hour))) };
}

function hourNanos(hour: bigint): bigint {
  return hour * BigInt(hourSeconds) * 1_000_000_000n;
}

function earliest(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  return a === undefined || (b !== undefined && b < a) ? b : a;
}
