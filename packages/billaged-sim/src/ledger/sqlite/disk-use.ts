import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { DiskUse } from '../ledger.ts';

/**
 * Tells what a database takes on its disk: the file, and the log of what is not written back into it yet. It is asked of
 * the file system, not of SQLite, so that a scrape neither waits for a transaction nor reads a page.
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

/** A file that is not there takes nothing: the log is removed when the ledger is closed. */
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
