import type { DatabaseSync } from 'node:sqlite';
import { messageOf } from '@vmobs/settings';
import { LedgerUnavailableError } from '../ledger.ts';
import { primaryCode } from './open-database.ts';

/** Commits all writes of successive turns of the event loop together. */
export interface GroupCommit {
  /**
   * Runs the work in the open transaction, or begins one. The promise resolves with its result when that is on disk.
   *
   * @throws LedgerUnavailableError when the commit failed; the whole transaction is rolled back then.
   */
  write<T>(work: () => T): Promise<T>;
  /**
   * Reads after committing the open transaction. Reading still works when the disk is full.
   *
   * @throws LedgerUnavailableError when the disk cannot be read.
   */
  read<T>(work: () => T): Promise<T>;
  /** Commits the open transaction and refuses further work. */
  close(): void;
}

/** Maximum number of writes of one commit: some milliseconds of work. */
const mostWrites = 64;

/** Callbacks for the outcome of a transaction. */
export interface CommitListener {
  /** It was rolled back. */
  readonly onRollback: () => void;
  /** It is on disk; the argument is the seconds that the commit took. */
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
   * Commits when a turn has brought no further write. Waiting for the disk takes as long as several batches, and more arrive
   * meanwhile: eight senders share a commit, instead of three or four with a commit after each turn.
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

/** The error for the caller: SQLite's errors are wrapped, others are passed on. */
function unavailable(error: unknown): unknown {
  if (primaryCode(error) === undefined) return error;
  const message = messageOf(error);
  return new LedgerUnavailableError(`the ledger is unavailable: ${message}`, { cause: error });
}
