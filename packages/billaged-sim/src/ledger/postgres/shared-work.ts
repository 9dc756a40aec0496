import { randomUUID } from 'node:crypto';
import type { SharedWorkResult } from '../ledger.ts';
import type { Database } from './database.ts';
import { numberIn } from './span-columns.ts';

/** Lets one billaged do the work that is done once for all billageds on the database. */
export interface SharedWork {
  /** @see UsageLedger.oncePerPeriod */
  oncePerPeriod(task: string, period: number, work: () => Promise<void>): Promise<SharedWorkResult>;
}

/** Options of `createSharedWork`. */
export interface SharedWorkOptions {
  readonly database: Database;
  /** Lease in milliseconds, after which another billaged takes over if it is not renewed. */
  readonly leaseMs: number;
}

/** The clock of the database, so that the clocks of the billageds need not agree. */
const nowMs = 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)';

/** Takes the task, unless the period is done or another billaged holds it. */
const take = {
  text: `INSERT INTO shared_work (task, holder, held_until_ms, done_period) VALUES ($1, $2, ${nowMs} + $3, $5)
    ON CONFLICT (task) DO UPDATE SET holder = excluded.holder, held_until_ms = excluded.held_until_ms
    WHERE shared_work.done_period < $4 AND (shared_work.held_until_ms < ${nowMs} OR shared_work.holder = excluded.holder)
    RETURNING done_period`,
};
const look = { text: 'SELECT done_period FROM shared_work WHERE task = $1' };
const hold = { text: `UPDATE shared_work SET held_until_ms = ${nowMs} + $3 WHERE task = $1 AND holder = $2` };
const finish = {
  text: `UPDATE shared_work SET held_until_ms = 0, done_period = $3
    WHERE task = $1 AND holder = $2 AND done_period < $3`,
};
const giveUp = { text: 'UPDATE shared_work SET held_until_ms = 0 WHERE task = $1 AND holder = $2' };

/** Makes the shared work of a database. */
export function createSharedWork({ database, leaseMs }: SharedWorkOptions): SharedWork {
  const holder = randomUUID();
  /** Tasks of this billaged. The database alone would grant them again to the same holder. */
  const own = new Set<string>();

  async function work(task: string, period: number, run: () => Promise<void>): Promise<SharedWorkResult> {
    const taken = await database.read(take, [task, holder, leaseMs, period, Number.MIN_SAFE_INTEGER]);
    if (taken.length === 0) {
      const [row] = await database.read(look, [task]);
      return row !== undefined && numberIn(row, 'done_period') >= period ? 'done before' : 'busy';
    }
    // A failed renewal does not stop the work: at worst another billaged does it, too.
    const renewal = setInterval(
      () => void database.read(hold, [task, holder, leaseMs]).catch(() => undefined),
      leaseMs / 3,
    );
    try {
      await run();
    } catch (error) {
      clearInterval(renewal);
      await database.read(giveUp, [task, holder]).catch(() => undefined);
      throw error;
    }
    clearInterval(renewal);
    await database.read(finish, [task, holder, period]);
    return 'done';
  }

  return {
    async oncePerPeriod(task, period, run) {
      if (own.has(task)) return 'busy';
      own.add(task);
      try {
        return await work(task, period, run);
      } finally {
        own.delete(task);
      }
    },
  };
}

/** Periodic work. */
export interface Repeating {
  /** Stops, and waits for what is under way. */
  end(): Promise<void>;
}

/** Does work at each interval, without overlap. A failure is reported, and the work is repeated at the next interval. */
export function startRepeating(
  intervalMs: number,
  work: () => Promise<void>,
  onFailed: (error: unknown) => void = () => undefined,
): Repeating {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .catch(onFailed)
      .finally(() => {
        running = undefined;
      });
  }, intervalMs).unref();
  return {
    async end() {
      clearInterval(timer);
      await running;
    },
  };
}
