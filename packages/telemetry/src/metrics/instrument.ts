import type { AnyDefinition, LabelSet } from '../definitions/definition.ts';
import type { Sample } from '../exposition/family.ts';

/** A metric of the catalogue: the handle that changes it, and its samples. */
export interface Instrument<Handle extends object> {
  /** The object that the catalogue returns. */
  readonly handle: Handle;
  /** All samples at the time of the call, whatever changes while they are iterated. */
  readonly read: () => Iterable<Sample>;
  /** Number of recordings that went to an overflow series. */
  readonly readOverflowed: () => number;
}

/** @throws RangeError with the name of the metric, for a value that is not a number. */
export function refuseNaN(metric: string, value: unknown): void {
  if (typeof value !== 'number' || Number.isNaN(value)) throw new RangeError(`${metric}: ${value} is not a number`);
}

/**
 * Makes a metric that is read at each scrape. Its series are not limited: their number follows the state that is read, and the
 * limit is for labels that come from clients.
 */
export function createObserved(name: string, read: NonNullable<AnyDefinition['read']>): Instrument<object> {
  return {
    handle: {},
    read() {
      const reading = read() ?? [];
      if (typeof reading === 'object' && 'then' in reading) {
        throw new TypeError(`${name}: read returned a promise; it must return the value`);
      }
      const readings: Iterable<readonly [LabelSet, number]> = typeof reading === 'number' ? [[{}, reading]] : reading;
      return Array.from(readings, ([labels, value]) => {
        refuseNaN(name, value);
        return { name, labels, value };
      });
    },
    readOverflowed: () => 0,
  };
}
