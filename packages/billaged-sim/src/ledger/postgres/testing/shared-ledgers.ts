import pg from 'pg';
import type { UsageLedger } from '../../ledger.ts';

/** Makes a ledger that asks several in turn. */
export function alternate(ledgers: readonly UsageLedger[]): UsageLedger {
  let calls = 0;
  function next(): UsageLedger {
    const ledger = ledgers[calls++ % ledgers.length];
    if (ledger === undefined) throw new RangeError('there must be a ledger to ask');
    return ledger;
  }
  return {
    get activeVms() {
      return next().activeVms;
    },
    append: (batch) => next().append(batch),
    start: (notice) => next().start(notice),
    stop: (notice) => next().stop(notice),
    gap: (notice) => next().gap(notice),
    tracked: (since) => next().tracked(since),
    usage: (query) => next().usage(query),
    sealBefore: (unixSeconds) => next().sealBefore(unixSeconds),
    oncePerPeriod: (task, period, work) => next().oncePerPeriod(task, period, work),
    check: () => next().check(),
    async close() {
      for (const ledger of ledgers) await ledger.close();
    },
  };
}

/** Takes everything out of a ledger: sooner done than making a database. */
export async function emptyLedger(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const table of ['vms', 'vm_customers', 'runs', 'totals', 'notices', 'shared_work']) {
      await client.query(`DELETE FROM ${table}`);
    }
    await client.query(`UPDATE closed SET hour = ${Number.MIN_SAFE_INTEGER}`);
  } finally {
    await client.end();
  }
}
