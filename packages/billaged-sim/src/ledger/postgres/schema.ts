import { LedgerOpenError } from '../ledger.ts';
import { beforeAll } from '../time.ts';
import type { Column } from './column-arrays.ts';
import type { Database } from './database.ts';
import { lastColumns, numberIn, spanColumns, sumColumns } from './span-columns.ts';

const never = beforeAll.hour;

/**
 * Migrations of the tables from each version to the next. A released migration is never changed: another one is added. Each
 * can be repeated, since YugabyteDB commits every change of a table on its own.
 *
 * Tables and columns keep the names of version 1, since billageds of two versions share them while one replaces the other:
 * `runs` has the segments, `totals` the rollups (`totals_until`), `closed` says which hours are sealed (`closed_hour`), and
 * `payer_id` is the billed customer.
 *
 * The keys of all growing tables start with the VM, and there are no sequences: distributed databases that place rows by key
 * keep the rows of a VM together and need no other node for them.
 *
 * @param name type of names, which compares by bytes, the order of usage pages
 */
const migrations = [
  (name: string) => {
    const typed = (columns: readonly Column[], rest: string) =>
      columns.map(([column, type]) => `${column} ${type === 'text' ? name : type}${rest}`).join(',\n      ');
    const span = spanColumns.map((column) => typed([column], column[0].startsWith('g_') ? '' : ' NOT NULL'));
    return [
      `CREATE TABLE IF NOT EXISTS vms (
      vm_id ${name} NOT NULL PRIMARY KEY,
      -- Whom summaries name, and who paid for the last batch.
      customer_id ${name} NOT NULL,
      payer_id ${name},
      tracked boolean NOT NULL DEFAULT false,
      -- Earliest start notice and latest stop notice, Unix nanoseconds.
      started_at bigint,
      stopped_at bigint,
      -- Runs before the one hour were compacted; of every hour before the other there is a total.
      closed_hour bigint NOT NULL DEFAULT ${never},
      totals_until bigint NOT NULL DEFAULT ${never},
      -- What it has used since ever: the time of the first and the last sample, and sums.
      first_hour bigint, first_at bigint,
      last_hour bigint, last_at bigint,
      sample_count bigint, gaps bigint,
      ${typed(lastColumns, '')},
      ${typed(sumColumns, '')},
      -- Moved by each transaction to hold the row until its end.
      locks bigint NOT NULL DEFAULT 0
    )`,
      `CREATE INDEX IF NOT EXISTS tracked_vms ON vms (vm_id) WHERE tracked`,
      // Which customers a VM ever had; the index is the order in which usage is paged.
      `CREATE TABLE IF NOT EXISTS vm_customers (
      vm_id ${name} NOT NULL,
      customer_id ${name} NOT NULL,
      PRIMARY KEY (vm_id, customer_id)
    )`,
      `CREATE INDEX IF NOT EXISTS customer_vms ON vm_customers (customer_id, vm_id)`,
      // One row for an accepted run. hour counts since 1970; first_at and last_at are nanoseconds in it.
      `CREATE TABLE IF NOT EXISTS runs (
      ${span.join(',\n      ')},
      -- The samples of a short run.
      samples bytea,
      PRIMARY KEY (vm_id, hour, first_at)
    )`,
      // The runs of an hour joined; a row for each change of customer.
      `CREATE TABLE IF NOT EXISTS totals (
      ${span.join(',\n      ')},
      PRIMARY KEY (vm_id, hour, first_at)
    )`,
      // What the senders said: start (noticed_at), stop (noticed_at), gap (from noticed_at until resumed_at).
      `CREATE TABLE IF NOT EXISTS notices (
      vm_id ${name} NOT NULL,
      noticed_at bigint NOT NULL,
      kind text NOT NULL,
      resumed_at bigint NOT NULL,
      PRIMARY KEY (vm_id, noticed_at, kind, resumed_at)
    )`,
      // One row: nothing is added to hours before this one; checks counts trial writes.
      `CREATE TABLE IF NOT EXISTS closed (id bigint NOT NULL PRIMARY KEY, hour bigint NOT NULL, checks bigint NOT NULL)`,
      `INSERT INTO closed (id, hour, checks) VALUES (1, ${never}, 0) ON CONFLICT (id) DO NOTHING`,
      // Who does what is done once for all, until when the others leave it to them, and the last period that is done.
      `CREATE TABLE IF NOT EXISTS shared_work (
      task text NOT NULL PRIMARY KEY,
      holder text NOT NULL,
      held_until_ms bigint NOT NULL,
      done_period bigint NOT NULL
    )`,
    ];
  },
];

/** The version that this program writes. */
const schemaVersion = migrations.length;

/**
 * Migrates the tables to this version. Several billageds may do so at once: the row with the version is locked, and conflicts
 * are retried.
 *
 * @throws LedgerOpenError when a newer billaged wrote the tables.
 */
export async function migrate(database: Database): Promise<void> {
  await database.transact(async ({ send }) => {
    send({
      text: 'CREATE TABLE IF NOT EXISTS schema_version (component text NOT NULL PRIMARY KEY, version bigint NOT NULL)',
    });
  });
  await database.transact(async ({ send }) => {
    send({
      text: `INSERT INTO schema_version (component, version) VALUES ('billaged', 0) ON CONFLICT (component) DO NOTHING`,
    });
  });
  await database.transact(async ({ send, read }) => {
    const [row = {}] = await read({
      text: `SELECT version, version() AS server FROM schema_version WHERE component = 'billaged' FOR UPDATE`,
    });
    const version = numberIn(row, 'version');
    if (version > schemaVersion) {
      throw new LedgerOpenError(
        `the tables have version ${version}, written by a newer billaged, and this one supports ${schemaVersion}`,
      );
    }
    // CockroachDB compares by bytes, and has no collation of that name.
    const name = row['server']?.startsWith('CockroachDB') ? 'text' : 'text COLLATE "C"';
    for (const migration of migrations.slice(version)) for (const text of migration(name)) send({ text });
    if (version < schemaVersion) {
      send({ text: `UPDATE schema_version SET version = ${schemaVersion} WHERE component = 'billaged'` });
    }
  });
}
