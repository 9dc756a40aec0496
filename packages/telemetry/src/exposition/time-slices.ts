import { setImmediate as nextTurn } from 'node:timers/promises';

/** Splits work into slices of a few milliseconds, so that a large scrape does not block the service. */
export interface TimeSlices {
  /** Whether the current slice has used its time. Cheap enough to call for every item. */
  isOver(): boolean;
  /** Yields to everything else that waits, then starts the next slice. */
  next(): Promise<void>;
  /** Runs work after all work queued earlier, so that slices of concurrent work do not add up. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/** Short compared with the latency objectives of a service, long compared with the microseconds that a turn costs. */
const sliceMs = 5;

/** The clock is read once per this many items, since reading it costs as much as one item. */
const itemsPerClockRead = 64;

/** Makes the time slices that all work of one handler shares, so that many small pieces do not add up to a long one. */
export function createTimeSlices(): TimeSlices {
  let end = performance.now() + sliceMs;
  let items = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    isOver() {
      items += 1;
      return items % itemsPerClockRead === 0 && performance.now() >= end;
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
