import { chmodSync, closeSync, openSync, readSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { codeOf } from '@vmobs/settings';
import { LedgerOpenError } from '../ledger.ts';
import { schemaVersion, tableKeys, versionOf } from './schema.ts';

/** `PRAGMA application_id` of a ledger: "bill". `file` names it from this. */
const applicationId = 0x6269_6c6c;

/** Only the owner reads what customers have used. SQLite gives its log the mode of the file. */
const privateMode = 0o600;

/** What the first page says, read without SQLite. */
export interface RawIdentity {
  readonly isLedger: boolean;
  readonly version: number;
}

/** Reads the identity from the file, but not from its log. */
export function readRawIdentity(path: string): RawIdentity {
  const header = Buffer.alloc(100);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, header, 0, header.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return { isLedger: header.readInt32BE(68) === applicationId, version: header.readInt32BE(60) };
}

/** Whether `checkIdentity` refuses a ledger with this first page. */
export function isRefusedByIdentity({ isLedger, version }: RawIdentity): boolean {
  return isLedger && (version < 0 || version > schemaVersion);
}

/** Creates the file if it is missing, and takes it and its log from other users. */
export function makePrivate(path: string): void {
  closeSync(openSync(path, 'a', privateMode));
  for (const file of [path, `${path}-wal`]) {
    const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & 0o077) === 0) continue;
    try {
      chmodSync(file, mode & 0o700);
    } catch (error) {
      // The owner is another user, who has decided.
      if (codeOf(error) !== 'EPERM') throw error;
    }
  }
}

/**
 * Checks, before anything is written, that the file is a ledger of a known version, or empty.
 *
 * @throws LedgerOpenError when it is not
 */
export function checkIdentity(db: DatabaseSync, path: string): void {
  const version = versionOf(db);
  const id = Number(db.prepare('PRAGMA application_id').get()?.['application_id']);
  const tables = new Set(
    db
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map(({ name }) => String(name)),
  );
  const isNew = id === 0 && version === 0 && tables.size === 0;
  // The first ledgers had no id.
  const isOld = id === 0 && version === 1 && Object.keys(tableKeys).every((name) => tables.has(name));
  if (!isNew && !isOld && (id !== applicationId || version < 0)) {
    throw new LedgerOpenError(
      `the file ${path} is an SQLite database, but no ledger (application_id ${id}, user_version ${version}); choose another file with --database`,
    );
  }
  if (version > schemaVersion) {
    throw new LedgerOpenError(
      `the ledger ${path} was written by a newer billaged (tables of version ${version}, this one supports ${schemaVersion}); start that one, or choose another file with --database`,
    );
  }
}

/** Marks the file as a ledger. */
export function markIdentity(db: DatabaseSync): void {
  if (Number(db.prepare('PRAGMA application_id').get()?.['application_id']) === applicationId) return;
  db.exec(`PRAGMA application_id = ${applicationId}`);
}
