import { closeSync, constants, openSync } from 'node:fs';
import { copyFile, open, rename, rm } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { markClosed, type PageSums, pageSize, sumsPath } from './page-sums.ts';
import { hasFrames, readFrames } from './write-ahead-log.ts';

/** Milliseconds from a checkpoint that failed to the next attempt. */
const retryMs = 10_000;

/** Copies the write-ahead log into the file of the ledger, and keeps the checksums of its pages. */
export interface Checkpoints {
  /** Makes a checkpoint if the log is long. To be called after a commit. @throws what SQLite or the file system says */
  afterCommit(): void;
  /** Makes a checkpoint, unless nothing was committed since the last one, or a copy is being made. Not in a transaction. */
  run(): void;
  /**
   * Copies the ledger, as it is when this is called, while it goes on. The log grows meanwhile.
   *
   * @param target path of the copy; its checksums are copied to `target-sums`. Files that are there are replaced.
   */
  copyTo(target: string): Promise<void>;
  /** Makes the last checkpoint and says in the checksums that the log is not needed. */
  close(): void;
}

/** Options of `createCheckpoints`. */
export interface CheckpointOptions {
  /** An open database whose log has at least one commit. */
  readonly db: DatabaseSync;
  readonly path: string;
  readonly sums: PageSums;
  /** Pages at which the log is long. */
  readonly longLog: number;
}

/** Makes the checkpoints of a database. */
export function createCheckpoints({ db, path, sums, longLog }: CheckpointOptions): Checkpoints {
  const log = `${path}-wal`;
  const checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  let descriptor: number | undefined;
  let isDue = true;
  let copies = 0;
  let retryAt = 0;
  let isClosed = false;

  function run(state: 'open' | 'closed' = 'open'): void {
    if (state === 'open' && (!isDue || copies > 0)) return;
    const row = checkpoint.get();
    const frames = Number(row?.['log']);
    if (Number(row?.['checkpointed']) !== frames) throw new Error('the log is read by another process');
    // The next commit begins the log anew, so the checksums must be on disk before.
    try {
      if (frames > 0) readFrames(log, frames, (page, content) => sums.set(page, crc32(content)));
      sums.save(state);
    } catch (error) {
      sums.forget();
      throw error;
    }
    isDue = false;
  }

  return {
    afterCommit() {
      isDue = true;
      if (copies > 0 || performance.now() < retryAt) return;
      // Cleared when the checkpoint succeeds: on a full disk, it is not tried after each commit.
      retryAt = performance.now() + retryMs;
      descriptor ??= openSync(log, 'r');
      if (hasFrames(descriptor, longLog, pageSize)) run();
      retryAt = 0;
    },
    run: () => run(),
    async copyTo(target) {
      run();
      // Until the next checkpoint, the file stays as it is.
      copies += 1;
      // Beside, and then in the place of an earlier copy.
      const beside = `${target}.new`;
      try {
        await copyFile(path, beside, constants.COPYFILE_FICLONE);
        await copyFile(sumsPath(path), sumsPath(beside), constants.COPYFILE_FICLONE);
        if (isClosed) throw new Error('the ledger was closed before its copy was complete');
        await syncFile(beside);
        markClosed(beside);
        await rename(sumsPath(beside), sumsPath(target));
        await rename(beside, target);
      } catch (error) {
        await rm(beside, { force: true });
        await rm(sumsPath(beside), { force: true });
        throw error;
      } finally {
        copies -= 1;
      }
    },
    close() {
      isClosed = true;
      run('closed');
      if (descriptor !== undefined) closeSync(descriptor);
      sums.close();
    },
  };
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
