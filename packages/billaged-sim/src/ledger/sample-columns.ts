import { type Counters, counterNames, mapCounters } from './counters.ts';

/** Samples of one VM as columns, oldest first or not; values are integers. The counters are cumulative since boot. */
export interface SampleColumns extends Counters<Float64Array> {
  /** Number of filled rows. */
  length: number;
  /** Unix time: seconds, and nanoseconds within the second (0..999_999_999). */
  readonly seconds: Float64Array;
  readonly nanos: Int32Array;
  /** Memory in use at the time of the sample, in bytes. */
  readonly memoryBytes: Float64Array;
}

/** The samples of one VM in one request. */
export interface ColumnBatch {
  readonly vmId: string;
  /** The billed customer. */
  readonly customerId: string;
  readonly samples: SampleColumns;
}

/** Makes empty columns with a capacity in samples. */
export function createSampleColumns(capacity: number): SampleColumns {
  return {
    length: 0,
    seconds: new Float64Array(capacity),
    nanos: new Int32Array(capacity),
    memoryBytes: new Float64Array(capacity),
    ...mapCounters(() => new Float64Array(capacity)),
  };
}

/** Copies the filled rows. */
export function copyColumns(samples: SampleColumns): SampleColumns {
  const { length } = samples;
  return {
    length,
    seconds: samples.seconds.slice(0, length),
    nanos: samples.nanos.slice(0, length),
    memoryBytes: samples.memoryBytes.slice(0, length),
    ...mapCounters((name) => samples[name].slice(0, length)),
  };
}

/** Samples in strictly increasing time order, and how many were dropped as duplicates. */
export interface InTimeOrder {
  readonly samples: SampleColumns;
  readonly duplicates: number;
}

/** Sorts samples by time. Returns the same columns if they are already sorted, otherwise new ones. */
export function inTimeOrder(samples: SampleColumns): InTimeOrder {
  if (isInOrder(samples)) return { samples, duplicates: 0 };
  const order = Array.from({ length: samples.length }, (_, index) => index);
  // The sort is stable: of two samples at the same time, the first one counts.
  order.sort((a, b) => compareTimes(samples, a, samples, b));
  const kept = order.filter((row, at) => at === 0 || compareTimes(samples, order[at - 1] ?? 0, samples, row) < 0);
  return { samples: pickRows(samples, kept), duplicates: samples.length - kept.length };
}

/** Negative when the first sample is earlier, 0 at the same time. */
export function compareTimes(a: SampleColumns, rowOfA: number, b: SampleColumns, rowOfB: number): number {
  const seconds = (a.seconds[rowOfA] ?? 0) - (b.seconds[rowOfB] ?? 0);
  return seconds !== 0 ? seconds : (a.nanos[rowOfA] ?? 0) - (b.nanos[rowOfB] ?? 0);
}

/** Appends a copy of one sample. */
export function copyRow(from: SampleColumns, row: number, to: SampleColumns): void {
  const at = to.length;
  to.seconds[at] = from.seconds[row] ?? 0;
  to.nanos[at] = from.nanos[row] ?? 0;
  to.memoryBytes[at] = from.memoryBytes[row] ?? 0;
  for (const name of counterNames) to[name][at] = from[name][row] ?? 0;
  to.length = at + 1;
}

/** The samples from a row on, without copying. */
export function rowsFrom(samples: SampleColumns, row: number): SampleColumns {
  return {
    length: samples.length - row,
    seconds: samples.seconds.subarray(row),
    nanos: samples.nanos.subarray(row),
    memoryBytes: samples.memoryBytes.subarray(row),
    ...mapCounters((name) => samples[name].subarray(row)),
  };
}

function isInOrder(samples: SampleColumns): boolean {
  const { seconds, nanos, length } = samples;
  for (let row = 1; row < length; row++) {
    const step = (seconds[row] ?? 0) - (seconds[row - 1] ?? 0);
    if (step < 0 || (step === 0 && (nanos[row] ?? 0) <= (nanos[row - 1] ?? 0))) return false;
  }
  return true;
}

function pickRows(samples: SampleColumns, rows: readonly number[]): SampleColumns {
  const picked = createSampleColumns(rows.length);
  for (const row of rows) copyRow(samples, row, picked);
  return picked;
}
