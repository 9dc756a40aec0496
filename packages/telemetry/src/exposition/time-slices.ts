import { setImmediate as nextTurn } from 'node:timers/promises';

/** Work that is done some milliseconds at a time, so that a large scrape does not hold up the service. */
export interface TimeSlices {
  /** Whether the work has gone on for as long as it may. It may be asked once an item. */
  isOver(): boolean;
  /** Lets everything else that waits have its turn. */
  next(): Promise<void>;
  /** Does work after all that was given before it, so that what is sliced does not add up by running side by side. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/** Short beside the latency objectives of a service, long beside the microseconds that a turn costs. */
const sliceMs = 5;

/** The clock is read once in so many items, since reading it costs as much as an item does. */
const itemsBetweenLooks = 64;

/** Makes slices for all the work of one handler, so that many small pieces of work do not add up to a long one. */
export function createTimeSlices(): TimeSlices {
  let end = performance.now() + sliceMs;
  let items = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    isOver() {
      items += 1;
      return items % itemsBetweenLooks === 0 && performance.now() >= end;
    },
    async next() {
      await nextTurn();
      end = performance.now() + sliceMs;
    },
    inTurn(work) {
      const done = last.then(work);
      last = done.catch(() => undefined);
      return done;
    },
  };
}
