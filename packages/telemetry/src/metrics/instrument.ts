import type { Sample } from '../exposition/family.ts';

/** A metric of the catalogue: what moves it, and what it says on the page. */
export interface Instrument<Handle extends object> {
  /** What the catalogue gives out. */
  readonly handle: Handle;
  /** All samples as they are at the moment of the call, whatever moves while they are iterated. */
  readonly read: () => Iterable<Sample>;
  /** Recordings that went to an overflow series. */
  readonly readOverflowed: () => number;
}

/** @throws RangeError that names the metric, for a value that is not a number. */
export function refuseNaN(metric: string, value: unknown): void {
  if (typeof value !== 'number' || Number.isNaN(value)) throw new RangeError(`${metric}: ${value} is not a number`);
}
