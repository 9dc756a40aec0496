import type { Appended, UsageLedger } from '../../ledger/ledger.ts';
import type { ColumnBatch } from '../../ledger/sample-columns.ts';

/** A batch that the fake ledger has received. */
export interface SeenBatch {
  readonly vmId: string;
  readonly customerId: string;
  readonly seconds: readonly number[];
  readonly nanos: readonly number[];
  readonly cpuNanos: readonly number[];
}

/** A ledger that records its calls; the test decides its answers, and when they come. */
export interface FakeLedger extends UsageLedger {
  readonly seen: SeenBatch[];
  /** The answer to the next batches. @default accepted at once */
  answer: (batch: SeenBatch) => Promise<Appended>;
}

/** Makes a ledger for tests of its callers. */
export function createFakeLedger(overrides: Partial<Pick<UsageLedger, 'usage'>> = {}): FakeLedger {
  const seen: SeenBatch[] = [];
  const ledger: FakeLedger = {
    seen,
    answer: async ({ seconds }) => ({ accepted: seconds.length, duplicates: 0, sealed: 0 }),
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
    sealBefore: async () => undefined,
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

/** Copies a batch, since its columns are reused. */
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
