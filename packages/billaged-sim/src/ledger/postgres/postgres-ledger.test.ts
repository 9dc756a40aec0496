import { afterAll, beforeAll } from 'vitest';
import { testLedgerBehaviour } from '../testing/ledger-behaviour.ts';
import { testLedgerProperties, type WithLedger } from '../testing/ledger-properties.ts';
import { openPostgresLedger } from './postgres-ledger.ts';
import { type PostgresServer, startPostgresServer } from './testing/postgres-server.ts';
import { alternate, emptyLedger } from './testing/shared-ledgers.ts';

/** Runs of each property; SQLite has a hundred times as many. */
const numRuns = Number(process.env['LEDGER_PROPERTY_RUNS'] ?? 15);

let server: PostgresServer;
let url: string;
beforeAll(async () => {
  server = await startPostgresServer({ fsync: false });
  url = await server.createDatabase('conformance');
  // Creates the tables, so that they can be emptied.
  await (await openPostgresLedger({ url })).close();
});
afterAll(() => server?.close());

const withLedger: WithLedger = async (use) => {
  await emptyLedger(url);
  const ledger = await openPostgresLedger({ url });
  try {
    return await use(ledger);
  } finally {
    await ledger.close();
  }
};

/** Two ledgers on one database that take turns, like billageds behind a load balancer. They make rollups continuously. */
const withTwoLedgers: WithLedger = async (use) => {
  await emptyLedger(url);
  const options = { url, rollupsMs: 5, refreshMs: 5 };
  const ledgers = await Promise.all([openPostgresLedger(options), openPostgresLedger(options)]);
  try {
    return await use(alternate(ledgers));
  } finally {
    for (const ledger of ledgers) await ledger.close();
  }
};

testLedgerBehaviour('PostgreSQL', withLedger);
testLedgerProperties('PostgreSQL', withTwoLedgers, numRuns);
