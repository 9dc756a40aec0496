import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '@vmobs/settings';
import { unusableFolder } from './spool-error.ts';

/** The error code of SQLite when another process holds the lock. */
const sqliteBusy = 5;

/** A folder that only this process uses until it is released. */
export interface FolderLock {
  release(): void;
}

/**
 * Makes a folder and locks it with the lock of an SQLite file. The kernel releases it when the process ends, however that
 * happens. A file with a process id would stay after a crash, and in a container the id is always the same.
 *
 * @param file that holds the lock @default 'lock'
 * @throws SpoolFolderError when another process uses the folder or it cannot be written to.
 */
export function lockFolder(folder: string, file = 'lock'): FolderLock {
  let database: DatabaseSync | undefined;
  try {
    makeFolder(folder, 0o700);
    closeSync(openSync(join(folder, file), 'a', 0o600));
    database = new DatabaseSync(join(folder, file));
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    const isTaken = cause instanceof Error && 'errcode' in cause && cause.errcode === sqliteBusy;
    throw unusableFolder(folder, isTaken ? new Error('another process uses it', { cause }) : cause);
  }
  const held = database;
  return { release: () => held.close() };
}
