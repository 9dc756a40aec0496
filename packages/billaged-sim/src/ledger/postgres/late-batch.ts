import { type Placement, placeSamples } from '../late-samples.ts';
import type { UsageCounters, Used } from '../ledger.ts';
import { isAfter, type Moment, momentOf } from '../moment.ts';
import type { SampleColumns } from '../sample-columns.ts';
import { addUsed, type Stretch, usedNothing } from '../stretch.ts';
import { continueSummary, type VmSummary } from '../vm-summary.ts';
import type { Transaction } from './database.ts';
import { type HourStretch, hourStretchOf } from './fact-columns.ts';
import { type StoredRun, storedRuns } from './prepared-batch.ts';
import { type KnownRun, readAround, stretchColumnList } from './run-table.ts';
import type { VmState } from './vm-state.ts';

/** What is there at the time of a late batch. */
export interface Surroundings {
  /** The last stretch before. */
  readonly before: Stretch | undefined;
  /** The runs that have a part in that time. */
  readonly covered: readonly KnownRun[];
  /** The first run after. */
  readonly after: HourStretch | undefined;
}

/** What becomes of a late batch. */
export interface LatePlacement extends Pick<Placement, 'accepted' | 'duplicates' | 'replaced'> {
  readonly inserted: readonly StoredRun[];
  /** What the VM has used since ever, with the batch. */
  readonly summary: VmSummary | undefined;
}

const lastTotal = {
  text: `SELECT ${stretchColumnList('totals')} FROM totals WHERE vm_id = $1 AND hour < $2
    ORDER BY hour DESC, first_at DESC LIMIT 1`,
};

/** Reads what is there at the time of samples of a VM that is locked. */
export async function readSurroundings(
  transaction: Transaction,
  { vmId, closedHour }: VmState,
  samples: SampleColumns,
): Promise<Surroundings> {
  const from = momentOf(samples, 0);
  const to = momentOf(samples, samples.length - 1);
  // What is compacted has no runs any more: its last total is what came before.
  const [known, totals] = await Promise.all([
    readAround(transaction, vmId, from, to),
    transaction.read(lastTotal, [vmId, closedHour]),
  ]);
  const isPassed = (run: HourStretch) => isAfter(from, { hour: run.hour, nanos: run.last });
  const isToCome = (run: HourStretch) => isAfter(firstOf(run), to);
  const [total] = totals.map(hourStretchOf);
  return {
    before: (known.findLast(isPassed) ?? total)?.stretch,
    covered: known.filter((run) => !isPassed(run) && !isToCome(run)),
    after: known.find(isToCome),
  };
}

/** Places samples of a VM among what is there. */
export function placeLate(
  vm: VmState,
  customerId: string,
  samples: SampleColumns,
  { before, covered, after }: Surroundings,
): LatePlacement {
  const placement = placeSamples(
    samples,
    customerId,
    covered.map((run) => run.covered),
  );
  const inserted = placement.pieces.flatMap((piece) =>
    storedRuns(piece.samples, piece.from, piece.to, piece.customerId, piece.isShort),
  );
  const kept = covered.filter((run) => !placement.replaced.includes(run.covered));
  const now = [...kept, ...inserted].sort((a, b) => (isAfter(firstOf(a), firstOf(b)) ? 1 : -1));
  const next = after === undefined ? [] : [after];
  return {
    ...{ accepted: placement.accepted, duplicates: placement.duplicates, replaced: placement.replaced, inserted },
    summary: changeSummary(vm.summary, before, [...covered, ...next], [...now, ...next]),
  };
}

/**
 * Puts what some stretches come to in the place of what others did. Everything but the peak is a sum, so the difference is
 * exact; the peak only rises, for no sample is ever taken away.
 */
function changeSummary(
  summary: VmSummary | undefined,
  before: Stretch | undefined,
  earlier: readonly HourStretch[],
  now: readonly HourStretch[],
): VmSummary | undefined {
  const begin = before && { used: usedNothing, firstNanos: before.firstNanos, last: before };
  const stretches = (runs: readonly HourStretch[]) => runs.map(({ stretch }) => stretch);
  const [was, is] = [continueSummary(begin, stretches(earlier)), continueSummary(begin, stretches(now))];
  if (is === undefined) return summary;
  if (summary === undefined) return is;
  const used = addUsed(addUsed(summary.used, is.used), negative(was?.used ?? usedNothing));
  return {
    used,
    firstNanos: before === undefined && is.firstNanos < summary.firstNanos ? is.firstNanos : summary.firstNanos,
    last: is.last.lastNanos > summary.last.lastNanos ? is.last : summary.last,
  };
}

/** Use that takes the other one away when it is added. */
function negative({ sampleCount, gaps, growth, memorySumBytes, memoryByteMillis }: Used): Used {
  const { cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes } = growth;
  const shrunk: UsageCounters = {
    cpuNanos: -cpuNanos,
    diskReadBytes: -diskReadBytes,
    diskWriteBytes: -diskWriteBytes,
    networkRxBytes: -networkRxBytes,
    networkTxBytes: -networkTxBytes,
  };
  return {
    sampleCount: -sampleCount,
    gaps: -gaps,
    growth: shrunk,
    memorySumBytes: -memorySumBytes,
    memoryMaxBytes: 0n,
    memoryByteMillis: -memoryByteMillis,
  };
}

function firstOf({ hour, first }: HourStretch): Moment {
  return { hour, nanos: first };
}
