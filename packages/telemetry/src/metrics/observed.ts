import type { AnyDefinition, LabelSet } from './definition.ts';
import { type Instrument, refuseNaN } from './instrument.ts';

/**
 * Makes a metric that is read at each scrape; nothing moves it. Its series are not limited: there are as many as the
 * state that is read has things, while a limit is for labels that come from outside.
 */
export function createObserved(name: string, read: NonNullable<AnyDefinition['read']>): Instrument<object> {
  return {
    handle: {},
    read() {
      const reading = read() ?? [];
      const readings: Iterable<readonly [LabelSet, number]> = typeof reading === 'number' ? [[{}, reading]] : reading;
      return Array.from(readings, ([labels, value]) => {
        refuseNaN(name, value);
        return { name, labels, value };
      });
    },
    readOverflowed: () => 0,
  };
}
