import type { DatabaseSync } from 'node:sqlite';

/**
 * What the ledger stores of counters and memory, in a segment and in a rollup alike: `f_` first, `l_` last, `g_` growth.
 *
 * `g_` is NULL where it is the difference of last and first. A sum that 64 bits cannot hold is a BLOB of its digits.
 */
const valueColumns = `
  count INTEGER NOT NULL,
  gaps INTEGER NOT NULL,
  f_cpu INTEGER NOT NULL, f_disk_read INTEGER NOT NULL, f_disk_write INTEGER NOT NULL,
  f_network_rx INTEGER NOT NULL, f_network_tx INTEGER NOT NULL,
  l_cpu INTEGER NOT NULL, l_disk_read INTEGER NOT NULL, l_disk_write INTEGER NOT NULL,
  l_network_rx INTEGER NOT NULL, l_network_tx INTEGER NOT NULL,
  g_cpu INTEGER, g_disk_read INTEGER, g_disk_write INTEGER, g_network_rx INTEGER, g_network_tx INTEGER,
  l_memory INTEGER NOT NULL,
  memory_sum INTEGER NOT NULL,
  memory_max INTEGER NOT NULL,
  memory_byte_millis INTEGER NOT NULL`;

/**
 * Migrations from each version to the next; `PRAGMA user_version` is the version of a database. A released migration is never
 * changed: another one is added.
 *
 * Tables keep the names of version 1, since new ones would need a migration of every file: `runs` has the segments, `totals`
 * the rollups, and `closed` says which hours are sealed.
 *
 * `runs` and `totals` are stored in the order of their key, so that a page holds successive rows of one VM: a batch writes
 * one page, and a period of a VM is read sequentially.
 */
const migrations = [
  `CREATE TABLE vms (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    customer TEXT NOT NULL,
    tracked INTEGER NOT NULL,
    -- Earliest start notice and latest stop notice, Unix nanoseconds.
    start INTEGER,
    stop INTEGER
  );
  CREATE INDEX tracked_vms ON vms (id) WHERE tracked = 1;

  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  -- Which VMs a customer ever had, in the order in which usage is paged.
  CREATE TABLE customer_vms (
    customer INTEGER NOT NULL,
    vm_name TEXT NOT NULL,
    PRIMARY KEY (customer, vm_name)
  ) WITHOUT ROWID;

  -- One row for an accepted run. hour counts since 1970; first and last are nanoseconds in it.
  CREATE TABLE runs (
    vm INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    ${valueColumns},
    -- The samples of a short run.
    samples BLOB,
    PRIMARY KEY (vm, hour, first)
  ) WITHOUT ROWID;

  -- Runs of a whole hour (span 1) or day (span 24) that begins at hour, joined; a part for each change of customer.
  CREATE TABLE totals (
    vm INTEGER NOT NULL,
    span INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    part INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    first_hour INTEGER NOT NULL, first INTEGER NOT NULL,
    last_hour INTEGER NOT NULL, last INTEGER NOT NULL,
    ${valueColumns},
    PRIMARY KEY (vm, span, hour, part)
  ) WITHOUT ROWID;

  -- What the senders said: start (at), stop (at), gap (from at until resumed). Unix nanoseconds.
  CREATE TABLE notices (
    id INTEGER PRIMARY KEY,
    vm_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    resumed INTEGER
  );

  -- One row. Runs before the hour were compacted into totals, and nothing is added to them; checks counts trial writes.
  CREATE TABLE closed (hour INTEGER NOT NULL, checks INTEGER NOT NULL);
  INSERT INTO closed VALUES (${Number.MIN_SAFE_INTEGER}, 0);`,
];

/** The tables and their keys. */
export const tableKeys: Readonly<Record<string, readonly string[]>> = {
  vms: ['id'],
  customers: ['id'],
  customer_vms: ['customer', 'vm_name'],
  runs: ['vm', 'hour', 'first'],
  totals: ['vm', 'span', 'hour', 'part'],
  notices: ['id'],
};

/** The version that this program writes. */
export const schemaVersion = migrations.length;

/** The version of a database; 0 for a new one. */
export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** Migrates a database to the newest version, each step in a transaction of its own. */
export function migrate(db: DatabaseSync): void {
  for (let version = versionOf(db); version < schemaVersion; version++) {
    db.exec(`BEGIN IMMEDIATE; ${migrations[version]}; PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}
