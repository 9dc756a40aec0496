import { statfsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { kinds, makeFolder, messageOf } from '@vmobs/settings';
import { type DiskUse, inMemory, LedgerOpenError } from '../ledger.ts';
import { checkIdentity, makePrivate, markIdentity } from './file-identity.ts';
import { migrate, tableKeys, versionOf } from './schema.ts';

/** SQLite's primary result codes with an advice of their own. */
const resultCodes = { busy: 5, corrupt: 11, full: 13, notADatabase: 26 };

/** Options of `openDatabase`. */
export interface DatabaseOptions {
  /** Path of the file; the file and its folder are created if missing. `~/` is the home folder, `:memory:` is no file. */
  readonly path: string;
  /** Maximum size of the file in bytes; beyond it, writes fail as on a full disk. @default the disk is the limit */
  readonly maxBytes?: number | undefined;
}

/**
 * Opens the file of the ledger exclusively, checks its structure, and migrates its tables to this version.
 *
 * @throws LedgerOpenError when another process has it, it cannot be read or written, it is damaged, or it is newer.
 */
export function openDatabase({ path: given, maxBytes }: DatabaseOptions): DatabaseSync {
  const path = given.startsWith('~/') ? join(homedir(), given.slice(2)) : given;
  let db: DatabaseSync | undefined;
  try {
    requirePath(path);
    if (path !== inMemory) {
      makeFolder(dirname(path), 0o700);
      makePrivate(path);
    }
    db = new DatabaseSync(path, { timeout: 0 });
    // EXCLUSIVE: a second billaged on the same file would not see what this one knows. The lock ends with the process,
    // however it ends. FULL: a commit returns when its write-ahead log is on disk; NORMAL would lose the last commits
    // when the machine loses power, and with them samples that were acknowledged.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    checkIdentity(db, path);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    // A checkpoint costs two more waits for the disk: at 32 MB of log instead of 4. The system keeps the file in memory, too:
    // a cache of more than 8 MB made nothing faster, with 6000 VMs or 100 000.
    db.exec('PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192');
    if (maxBytes !== undefined) db.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / 4_096)}`);
    checkStructure(db, path);
    migrate(db);
    markIdentity(db);
    return db;
  } catch (error) {
    if (db?.isOpen) db.close();
    throw error instanceof LedgerOpenError ? error : new LedgerOpenError(describe(error, path), { cause: error });
  }
}

/** SQLite would take an empty path and a URI for a file that it deletes, or for memory. */
function requirePath(path: string): void {
  const { allowed, parse } = kinds.path(inMemory);
  if (parse(path) !== undefined) return;
  throw new LedgerOpenError(`the ledger ${JSON.stringify(path)} cannot be opened: allowed is ${allowed}`);
}

/** Maximum pages of a file that is checked completely when it is opened: 64 MB, some tenths of a second. */
const mostPagesToCheck = 16_384;

/**
 * Checks the structure of the file: of a small one completely, of a large one only the paths to the oldest and newest rows of
 * each table, since a complete check takes minutes (`sqlite3 FILE 'PRAGMA quick_check'` does that).
 */
function checkStructure(db: DatabaseSync, path: string): void {
  if (versionOf(db) === 0) return;
  if (Number(db.prepare('PRAGMA page_count').get()?.['page_count']) <= mostPagesToCheck) {
    const finding = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (finding !== 'ok') throw new LedgerOpenError(damaged(path, String(finding)));
    return;
  }
  for (const [table, key] of Object.entries(tableKeys)) {
    for (const direction of ['ASC', 'DESC']) {
      const order = key.map((column) => `${column} ${direction}`).join(', ');
      const rows = db.prepare(`SELECT * FROM ${table} ORDER BY ${order} LIMIT 100`);
      rows.setReadBigInts(true);
      rows.all();
    }
  }
}

function damaged(path: string, message: string): string {
  return `the ledger ${path} is damaged or not a ledger (${message}); restore a backup, or choose another file with --database`;
}

/** Says how to fix a file that cannot be opened. */
function describe(error: unknown, path: string): string {
  const message = messageOf(error);
  switch (primaryCode(error)) {
    case resultCodes.busy:
      return `the ledger ${path} is in use by another process, probably another billaged; end that one, or choose another file with --database`;
    case resultCodes.corrupt:
    case resultCodes.notADatabase:
      return damaged(path, message);
    case resultCodes.full:
      return `the disk of the ledger ${path} is full; free some space, or choose another file with --database`;
    default:
      return `the ledger ${path} cannot be opened: ${message}; make its folder writable, or choose another file with --database`;
  }
}

/** SQLite's result code without the detail in its upper bits; `undefined` for an error of another kind. */
export function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

/**
 * Measures the disk usage of a database: its file and its write-ahead log. It asks the file system, not SQLite, so that a
 * scrape neither waits for a transaction nor reads a page.
 */
export function createDiskUse(db: DatabaseSync): DiskUse {
  const path = db.location();
  if (path === null) return createMemoryUse(db);
  return {
    get usedBytes() {
      return sizeOf(path) + sizeOf(`${path}-wal`);
    },
    get freeBytes() {
      const { bavail, bsize } = statfsSync(dirname(path));
      return bavail * bsize;
    },
  };
}

/** A missing file counts as 0: the log is removed when the ledger is closed. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function createMemoryUse(db: DatabaseSync): DiskUse {
  const pages = db.prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size');
  return {
    get usedBytes() {
      return db.isOpen ? Number(pages.get()?.['bytes']) : 0;
    },
    freeBytes: undefined,
  };
}
