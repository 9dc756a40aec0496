import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { unusableFolder } from './spool-error.ts';

/** What SQLite answers when another process holds the lock. */
const sqliteBusy = 5;

/** A folder that belongs to this process alone until it is released. */
export interface FolderLock {
  release(): void;
}

/**
 * Makes a folder and locks it. The lock is the one of an SQLite file: the kernel ends it with the process, however that
 * dies, so there is none left to clear away; a file with a process id would be, and in a container the id is always the
 * same.
 *
 * @throws SpoolFolderError when another process has the folder or it cannot be written to.
 */
export function lockFolder(folder: string): FolderLock {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(join(folder, 'lock'));
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    const isTaken = cause instanceof Error && 'errcode' in cause && cause.errcode === sqliteBusy;
    throw unusableFolder(folder, isTaken ? new Error('another process uses it', { cause }) : cause);
  }
  const held = database;
  return { release: () => held.close() };
}
