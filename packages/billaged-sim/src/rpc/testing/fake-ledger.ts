import type { Appended, UsageLedger } from '../../ledger/ledger.ts';
import type { ColumnBatch } from '../../ledger/sample-columns.ts';

/** A batch as the fake ledger has seen it. */
export interface SeenBatch {
  readonly vmId: string;
  readonly customerId: string;
  readonly seconds: readonly number[];
  readonly nanos: readonly number[];
  readonly cpuNanos: readonly number[];
}

/** A ledger that notes what it is asked and answers what it is told, when it is told. */
export interface FakeLedger extends UsageLedger {
  readonly seen: SeenBatch[];
  /** What becomes of the next batches. @default accepted at once */
  answer: (batch: SeenBatch) => Promise<Appended>;
}

/** Makes a ledger for tests of what stands in front of it. */
export function createFakeLedger(overrides: Partial<Pick<UsageLedger, 'usage'>> = {}): FakeLedger {
  const seen: SeenBatch[] = [];
  const ledger: FakeLedger = {
    seen,
    answer: async ({ seconds }) => ({ accepted: seconds.length, duplicates: 0, closed: 0 }),
    activeVms: 0,
    append(batch: ColumnBatch) {
      const note = noteOf(batch);
      seen.push(note);
      return ledger.answer(note);
    },
    start: async () => undefined,
    stop: async () => undefined,
    gap: async () => undefined,
    async *tracked() {},
    usage: async () => ({ rows: [], next: undefined }),
    closeBefore: async () => undefined,
    async oncePerPeriod(_task, _period, work) {
      await work();
      return 'done';
    },
    check: async () => undefined,
    close: async () => undefined,
    ...overrides,
  };
  return ledger;
}

/** Columns are used again, so what is in them is copied. */
function noteOf({ vmId, customerId, samples }: ColumnBatch): SeenBatch {
  const filled = (column: Float64Array | Int32Array) => [...column.subarray(0, samples.length)];
  return {
    vmId,
    customerId,
    seconds: filled(samples.seconds),
    nanos: filled(samples.nanos),
    cpuNanos: filled(samples.cpuNanos),
  };
}
