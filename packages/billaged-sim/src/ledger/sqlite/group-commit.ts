import type { DatabaseSync } from 'node:sqlite';
import { LedgerUnavailableError } from '../ledger-error.ts';
import { primaryCode } from './open-database.ts';

/** Makes everything that is written in successive turns of the event loop durable with one commit. */
export interface GroupCommit {
  /**
   * Does the work in the transaction that is open, or begins one. The promise resolves with its result when that is on disk.
   *
   * @throws LedgerUnavailableError when the disk did not take it; nothing of the transaction happened then.
   */
  write<T>(work: () => T): Promise<T>;
  /**
   * Reads what is on disk: what is open is committed first. Reading goes on when the disk is full.
   *
   * @throws LedgerUnavailableError when the disk cannot be read.
   */
  read<T>(work: () => T): Promise<T>;
  /** Commits what is open and refuses what comes after. */
  close(): void;
}

/** Most writes of one commit: some milliseconds of work. */
const mostWrites = 64;

/** Who is told what became of a transaction. */
export interface CommitListener {
  /** What was written in it did not happen. */
  readonly onRollback: () => void;
  /** It is on disk, and so many seconds were waited for that. */
  readonly onCommit: (seconds: number) => void;
}

/** Makes the group commit of a database. */
export function createGroupCommit(db: DatabaseSync, { onRollback, onCommit }: CommitListener): GroupCommit {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  let waiting: { done: () => void; fail: (error: unknown) => void }[] = [];
  let isClosed = false;
  let turn: NodeJS.Immediate | undefined;

  function rollBack(error: unknown): void {
    const failed = waiting;
    waiting = [];
    // SQLite has already rolled back after some errors.
    if (db.isTransaction) db.exec('ROLLBACK');
    onRollback();
    for (const refused of failed) refused.fail(error);
  }
  /**
   * Commits when a turn has brought nothing more. To wait for the disk takes as long as several batches, and while one is
   * read, others come: eight senders share a commit, where they would be three or four if it were made at once.
   */
  function endTurn(writesBefore: number): void {
    turn = undefined;
    if (waiting.length > writesBefore && waiting.length < mostWrites) turn = setImmediate(endTurn, waiting.length);
    else commitNow();
  }
  function commitNow(): void {
    clearImmediate(turn);
    turn = undefined;
    if (!db.isTransaction) return;
    const startedAt = performance.now();
    try {
      commit.run();
    } catch (error) {
      rollBack(unavailable(error));
      return;
    }
    onCommit((performance.now() - startedAt) / 1_000);
    const committed = waiting;
    waiting = [];
    for (const { done } of committed) done();
  }

  return {
    write(work) {
      return new Promise((resolve, reject) => {
        if (isClosed) throw new LedgerUnavailableError('the ledger is closed');
        try {
          if (!db.isTransaction) {
            begin.run();
            turn ??= setImmediate(endTurn, 0);
          }
          const result = work();
          waiting.push({ done: () => resolve(result), fail: reject });
        } catch (error) {
          const reason = unavailable(error);
          rollBack(reason);
          throw reason;
        }
      });
    },
    async read(work) {
      if (isClosed) throw new LedgerUnavailableError('the ledger is closed');
      commitNow();
      try {
        return work();
      } catch (error) {
        throw unavailable(error);
      }
    },
    close() {
      if (isClosed) return;
      commitNow();
      isClosed = true;
    },
  };
}

/** What a caller is told of an error of SQLite; an error of another kind is passed on. */
function unavailable(error: unknown): unknown {
  if (primaryCode(error) === undefined) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new LedgerUnavailableError(`the ledger cannot be used now: ${message}`, { cause: error });
}
