import { createSampleColumns, type SampleColumns } from './sample-columns.ts';

/** Samples of which each is later than the one before, and how many had the time of another and were left out. */
export interface InTimeOrder {
  readonly samples: SampleColumns;
  readonly duplicates: number;
}

/** Puts samples in the order of their time. The same columns come back when they are in order; otherwise new ones. */
export function inTimeOrder(samples: SampleColumns): InTimeOrder {
  if (isInOrder(samples)) return { samples, duplicates: 0 };
  const order = Array.from({ length: samples.length }, (_, index) => index);
  // The sort is stable: of two samples with one time, the first that was sent counts.
  order.sort((a, b) => compareTimes(samples, a, samples, b));
  const kept = order.filter((row, at) => at === 0 || compareTimes(samples, order[at - 1] ?? 0, samples, row) < 0);
  return { samples: pickRows(samples, kept), duplicates: samples.length - kept.length };
}

/** Below zero when the first sample is the earlier one, 0 at the same time. */
export function compareTimes(a: SampleColumns, rowOfA: number, b: SampleColumns, rowOfB: number): number {
  const seconds = (a.seconds[rowOfA] ?? 0) - (b.seconds[rowOfB] ?? 0);
  return seconds !== 0 ? seconds : (a.nanos[rowOfA] ?? 0) - (b.nanos[rowOfB] ?? 0);
}

/** Copies one sample behind the last one. */
export function copyRow(from: SampleColumns, row: number, to: SampleColumns): void {
  const at = to.length;
  to.seconds[at] = from.seconds[row] ?? 0;
  to.nanos[at] = from.nanos[row] ?? 0;
  to.cpuNanos[at] = from.cpuNanos[row] ?? 0;
  to.memoryBytes[at] = from.memoryBytes[row] ?? 0;
  to.diskReadBytes[at] = from.diskReadBytes[row] ?? 0;
  to.diskWriteBytes[at] = from.diskWriteBytes[row] ?? 0;
  to.networkRxBytes[at] = from.networkRxBytes[row] ?? 0;
  to.networkTxBytes[at] = from.networkTxBytes[row] ?? 0;
  to.length = at + 1;
}

/** The samples from a row on; the values are shared. */
export function rowsFrom(samples: SampleColumns, row: number): SampleColumns {
  return {
    length: samples.length - row,
    seconds: samples.seconds.subarray(row),
    nanos: samples.nanos.subarray(row),
    cpuNanos: samples.cpuNanos.subarray(row),
    memoryBytes: samples.memoryBytes.subarray(row),
    diskReadBytes: samples.diskReadBytes.subarray(row),
    diskWriteBytes: samples.diskWriteBytes.subarray(row),
    networkRxBytes: samples.networkRxBytes.subarray(row),
    networkTxBytes: samples.networkTxBytes.subarray(row),
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
