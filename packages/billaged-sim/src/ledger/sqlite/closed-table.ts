import type { DatabaseSync } from 'node:sqlite';

/** Before which hour nothing is added any more. */
export interface ClosedTable {
  readonly hour: number;
  /** Moves the hour forward; it never goes back. */
  moveTo(hour: number): void;
  /** Writes something, to see whether that can be done. */
  tryToWrite(): void;
  /** Forgets what is in mind, after something that was written did not happen. */
  reset(): void;
}

/** Prepares the statements on `closed`. */
export function createClosedTable(db: DatabaseSync): ClosedTable {
  const read = db.prepare('SELECT hour FROM closed');
  const move = db.prepare('UPDATE closed SET hour = ?');
  const tick = db.prepare('UPDATE closed SET checks = checks + 1');
  const readHour = () => Number(read.get()?.['hour']);
  let current: number | undefined;
  return {
    get hour() {
      current ??= readHour();
      return current;
    },
    moveTo(hour) {
      if (hour <= (current ?? readHour())) return;
      move.run(hour);
      current = hour;
    },
    tryToWrite: () => void tick.run(),
    reset: () => {
      current = undefined;
    },
  };
}
