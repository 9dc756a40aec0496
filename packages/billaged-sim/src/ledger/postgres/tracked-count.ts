import type { Database } from './database.ts';
import { numberIn } from './fact-columns.ts';

/** How many VMs are tracked, as far as this billaged knows: counted now and then, and moved by what it writes itself. */
export interface TrackedCount {
  readonly value: number;
  add(more: number): void;
  /** Counts again, for others write, too. */
  refresh(): Promise<void>;
}

const count = { text: 'SELECT count(*) AS tracked FROM vms WHERE tracked' };

/** Makes the count of a database; it is 0 until it was refreshed. */
export function createTrackedCount(database: Database): TrackedCount {
  let value = 0;
  let moved = 0;
  return {
    get value() {
      return value + moved;
    },
    add(more) {
      moved += more;
    },
    async refresh() {
      // What is written while it counts may be counted or not; the next refresh is right.
      const movedBefore = moved;
      const [row = {}] = await database.read(count);
      value = numberIn(row, 'tracked');
      moved -= movedBefore;
    },
  };
}
