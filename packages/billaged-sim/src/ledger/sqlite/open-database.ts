import { closeSync, openSync, statfsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { kinds, makeFolder, messageOf } from '@vmobs/settings';
import { type DiskUse, inMemory, LedgerOpenError } from '../ledger.ts';
import { type Checkpoints, createCheckpoints } from './checkpoints.ts';
import { checkDamage, damaged, type OnFinding } from './file-damage.ts';
import { checkIdentity, makePrivate, markIdentity } from './file-identity.ts';
import { openPageSums, pageSize } from './page-sums.ts';
import { migrate, tableKeys, versionOf } from './schema.ts';

/** SQLite's primary result codes with an advice of their own. */
const resultCodes = { busy: 5, corrupt: 11, full: 13, notADatabase: 26 };

/** Options of `openDatabase`. */
export interface DatabaseOptions {
  /** Path of the file; the file and its folder are created if missing. `~/` is the home folder, `:memory:` is no file. */
  readonly path: string;
  /** Maximum size of the file in bytes; beyond it, writes fail as on a full disk. @default the disk is the limit */
  readonly maxBytes?: number | undefined;
  /** Pages of the log at which it is copied into the file. @default 8_000 */
  readonly longLog?: number;
  /** Called with what a person should know of the file, though it can be used. */
  readonly onFinding?: OnFinding;
}

/** An open database. */
export interface OpenDatabase {
  readonly db: DatabaseSync;
  /** Undefined in memory. */
  readonly checkpoints: Checkpoints | undefined;
  /** Makes the last checkpoint and closes the database, whatever fails. */
  close(): void;
}

/**
 * Opens the file of the ledger exclusively, compares it with its checksums, checks its structure, and migrates its tables to this
 * version.
 *
 * @throws LedgerOpenError when another process has it, it cannot be read or written, it is damaged, or it is newer.
 */
export function openDatabase(options: DatabaseOptions): OpenDatabase {
  // At 32 MB: a checkpoint costs some waits for the disk.
  const { path: given, maxBytes, longLog = 8_000, onFinding = () => undefined } = options;
  const path = given.startsWith('~/') ? join(homedir(), given.slice(2)) : given;
  const opened: DatabaseSync[] = [];
  const open = (name: string) => {
    const db = new DatabaseSync(name, { timeout: 0 });
    opened.push(db);
    return db;
  };
  const closeAll = () => {
    for (const db of opened.toReversed()) if (db.isOpen) db.close();
  };
  try {
    requirePath(path);
    if (path === inMemory) {
      const db = open(path);
      configure(db, path, maxBytes);
      return { db, checkpoints: undefined, close: closeAll };
    }
    makeFolder(dirname(path), 0o700);
    lock(open(createLock(path)));
    makePrivate(path);
    const sums = openPageSums(path);
    checkDamage(path, sums, onFinding);
    const db = open(path);
    configure(db, path, maxBytes, () => {
      if (sums.state === 'none' || sums.state === 'empty') sums.setAll();
      sums.save('opening');
    });
    // The log has a commit from now on, so that a missing one is noticed.
    db.exec('UPDATE closed SET checks = checks + 1');
    const checkpoints = createCheckpoints({ db, path, sums, longLog });
    checkpoints.run();
    const close = () => {
      try {
        if (db.isOpen) checkpoints.close();
      } finally {
        closeAll();
      }
    };
    return { db, checkpoints, close };
  } catch (error) {
    closeAll();
    throw error instanceof LedgerOpenError ? error : new LedgerOpenError(describe(error, path), { cause: error });
  }
}

/** @param beforeWrite called when it is certain that the file is a ledger, or new */
function configure(db: DatabaseSync, path: string, maxBytes?: number, beforeWrite = () => undefined): void {
  // EXCLUSIVE: a second billaged on the same file would not see what this one knows. The lock ends with the process,
  // however it ends. FULL: a commit returns when its write-ahead log is on disk; NORMAL would lose the last commits
  // when the machine loses power, and with them samples that were acknowledged.
  db.exec('PRAGMA locking_mode = EXCLUSIVE');
  checkIdentity(db, path);
  beforeWrite();
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  // Checkpoints are made here, with the checksums of the pages. The system keeps the file in memory, too:
  // a cache of more than 8 MB made nothing faster, with 6000 VMs or 100 000.
  db.exec('PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192');
  if (maxBytes !== undefined) db.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pageSize)}`);
  checkStructure(db, path);
  migrate(db);
  markIdentity(db);
}

/** The file whose lock says that a process has the ledger, also before the ledger itself is opened. */
function createLock(path: string): string {
  const file = `${path}-lock`;
  closeSync(openSync(file, 'a', 0o600));
  return file;
}

function lock(db: DatabaseSync): void {
  db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
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
