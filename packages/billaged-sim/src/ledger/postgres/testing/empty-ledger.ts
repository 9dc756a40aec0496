import pg from 'pg';

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
