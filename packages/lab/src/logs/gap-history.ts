import { type ProcessReport, stillMissing } from './compare-logs.ts';

/** Comparisons over time, to tell gaps that close from gaps that stay. */
export interface GapHistory {
  /**
   * Adds a comparison.
   *
   * @param time when it was made, in ms of a monotonic clock
   * @returns the comparison, in which gaps are missing after this time, and younger gaps are waiting
   */
  add(time: number, reports: readonly ProcessReport[]): readonly ProcessReport[];
}

/** Makes a history of comparisons. @param settleMs how long a gap may take to close */
export function createGapHistory(settleMs: number): GapHistory {
  const comparisons: { readonly time: number; readonly reports: readonly ProcessReport[] }[] = [];
  return {
    add(time, reports) {
      comparisons.push({ time, reports });
      // The first entry is the newest one that is old enough.
      while ((comparisons[1]?.time ?? Number.POSITIVE_INFINITY) <= time - settleMs) comparisons.shift();
      const [oldest] = comparisons;
      const isOldEnough = oldest !== undefined && oldest.time <= time - settleMs;
      return stillMissing(isOldEnough ? oldest.reports : [], reports);
    },
  };
}
