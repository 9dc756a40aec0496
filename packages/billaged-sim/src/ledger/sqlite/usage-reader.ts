import { setImmediate } from 'node:timers/promises';
import type { PeriodUsage, UsagePage, UsageQuery, VmUsage } from '../ledger.ts';
import { type Bounds, hoursOf } from '../period-usage.ts';
import { beforeAll, hourTimeOf, unixNanos } from '../time.ts';
import { readPage, rowsOfVm } from '../usage-page.ts';
import { continueSummary, vmUsageOf } from '../vm-summary.ts';
import type { Compaction } from './compaction.ts';
import type { GroupCommit } from './group-commit.ts';
import { readBefore, readPeriod } from './read-period.ts';
import type { Tables } from './tables.ts';
import type { VmState } from './vm-table.ts';

/** Derives usage from segments and rollups. */
export interface UsageReader {
  usage(query: UsageQuery): Promise<UsagePage>;
  tracked(activeSinceNanos?: bigint): AsyncGenerator<VmUsage>;
  /** Usage of one VM. */
  usageOf(vm: VmState): VmUsage;
}

/** Maximum milliseconds of reading before waiting requests get their turn. */
const turnMs = 5;

const sinceEver: Bounds = { fromSeconds: undefined, toSeconds: undefined };

/** Makes the reader. It yields between turns, so that a long answer does not delay batches. */
export function createUsageReader(tables: Tables, compaction: Compaction, commit: GroupCommit): UsageReader {
  const { vms, segments, sealed } = tables;
  const endedBefore = (vm: VmState) => Math.max(vm.newest.hour, sealed.hour);

  function readVm(vmId: string, bounds: Bounds): PeriodUsage[] {
    const vm = vms.find(vmId);
    if (vm === undefined || vm.newest === beforeAll) return [];
    const end = endedBefore(vm);
    const hours = hoursOf(bounds);
    const period = { vm: vm.id, ...hours, to: Math.min(hours.to, vm.newest.hour + 1), endedBefore: end };
    const spans = readPeriod(tables, period, (hour) => compaction.ask(vm.id, hour, end));
    return rowsOfVm(vmId, readBefore(tables, vm.id, hours.from), spans, bounds);
  }

  function usageOf(vm: VmState): VmUsage {
    if (vm.summary === undefined) {
      const end = endedBefore(vm);
      const period = { vm: vm.id, ...hoursOf(sinceEver), to: vm.newest.hour + 1, endedBefore: end };
      vm.summary = continueSummary(
        undefined,
        readPeriod(tables, period, (hour) => compaction.ask(vm.id, hour, end)),
      );
    } else {
      vm.summary = continueSummary(vm.summary, segments.after(vm.id, hourTimeOf(vm.summary.last.lastNanos)));
    }
    return vmUsageOf(vm);
  }

  /** Reads items one by one, and yields after some milliseconds. */
  async function* inTurns<T, U>(items: readonly T[], read: (item: T) => U): AsyncGenerator<U> {
    let next = 0;
    while (next < items.length) {
      // Awaiting alone does not let requests in: all turns would run as microtasks.
      if (next > 0) await setImmediate();
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
    usage: (query) =>
      readPage(query, {
        names: (names) => commit.read(() => vms.names(names)),
        rows: (vmIds, bounds) => inTurns(vmIds, (vmId) => readVm(vmId, bounds)),
      }),
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
        await setImmediate();
      }
    },
  };
}

/** Time of the newest sample or, without one, of the start. */
function endOf({ newest, startNanos }: VmState): bigint {
  return newest === beforeAll ? (startNanos ?? 0n) : unixNanos(newest);
}
