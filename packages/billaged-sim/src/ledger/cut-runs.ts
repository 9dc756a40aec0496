import { hourOf } from './run.ts';
import type { SampleColumns } from './sample-columns.ts';

/** Most samples of a run whose samples are kept one by one. */
export const shortRun = 64;

/** How much longer than the average a step of a long run may be. A sample that is missing doubles its step. */
const longestStep = 1.4;

/** Takes the rows of a run, from the first to the last. */
export type TakeRun = (from: number, to: number) => void;

/**
 * Cuts samples in time order into runs.
 *
 * No run crosses an hour. A run of more than 64 samples is evenly spaced, so it has no place for another sample of the
 * same sampler: its whole time is covered. The samples of shorter runs are kept, so each of their times is.
 */
export function cutRuns(samples: SampleColumns, from: number, to: number, take: TakeRun): void {
  let start = from;
  while (start <= to) {
    const end = endOfHour(samples, start, to);
    cutHour(samples, start, end, take);
    start = end + 1;
  }
}

/** Cuts samples into runs of which none is longer than what is kept sample by sample. */
export function cutShortRuns(samples: SampleColumns, from: number, to: number, take: TakeRun): void {
  let start = from;
  while (start <= to) {
    const end = Math.min(endOfHour(samples, start, to), start + shortRun - 1);
    take(start, end);
    start = end + 1;
  }
}

function cutHour(samples: SampleColumns, from: number, to: number, take: TakeRun): void {
  let start = from;
  let evenFrom = from;
  while (evenFrom <= to) {
    const evenTo = to - start < shortRun ? to : endOfEvenSteps(samples, evenFrom, to);
    if (evenTo - evenFrom >= shortRun) {
      cutShortRuns(samples, start, evenFrom - 1, take);
      take(evenFrom, evenTo);
      start = evenTo + 1;
    }
    evenFrom = evenTo + 1;
  }
  cutShortRuns(samples, start, to, take);
}

function endOfHour(samples: SampleColumns, from: number, to: number): number {
  const hour = hourOf(samples, from);
  if (hourOf(samples, to) === hour) return to;
  let end = from;
  while (hourOf(samples, end + 1) === hour) end++;
  return end;
}

/** The last row up to which no step is much longer than the average of all. */
function endOfEvenSteps({ seconds, nanos }: SampleColumns, from: number, to: number): number {
  const firstSecond = seconds[from] ?? 0;
  const firstNanos = nanos[from] ?? 0;
  let before = 0;
  let longest = 0;
  for (let row = from + 1; row <= to; row++) {
    const time = ((seconds[row] ?? 0) - firstSecond) * 1e9 + (nanos[row] ?? 0) - firstNanos;
    if (time - before > longest) longest = time - before;
    if (longest * (row - from) > longestStep * time) return row - 1;
    before = time;
  }
  return to;
}
