import type { Appended } from '../ledger.ts';
import { LedgerUnavailableError } from '../ledger-error.ts';
import type { Database } from './database.ts';
import { isRefusedValue } from './database-error.ts';
import { type Job, writeGroup } from './write-group.ts';

/** Writes what waits in transactions for many senders at once, so that they wait for the disk together. */
export interface GroupWriter {
  /**
   * Resolves when it is on disk.
   *
   * @throws LedgerUnavailableError when it is not known to be; it may be sent again.
   */
  write(job: Job): Promise<Appended | undefined>;
  /** Waits for what was sent, and refuses what comes after. */
  close(): Promise<void>;
}

/** Options of `createGroupWriter`. */
export interface GroupWriterOptions {
  readonly database: Database;
  /** Transactions at the same time. While one waits for the disk, the next one gathers. */
  readonly writers: number;
  /** Nothing is added to hours before this one. */
  readonly closedHour: () => number;
  /** Told how many more VMs are tracked than before, which may be less. */
  readonly onTracked: (more: number) => void;
  /** Told after each commit how many seconds it took. */
  readonly onCommit?: (seconds: number) => void;
}

interface WaitingJob {
  readonly job: Job;
  readonly done: (appended: Appended | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** Jobs of one transaction. More would lengthen the time for which VMs are locked, and save no more. */
const mostJobs = 256;

/** Makes the writer of a database. */
export function createGroupWriter({
  database,
  writers,
  closedHour,
  onTracked,
  onCommit,
}: GroupWriterOptions): GroupWriter {
  let waiting: WaitingJob[] = [];
  const running = new Set<Promise<void>>();
  let turn: NodeJS.Immediate | undefined;
  let isClosed = false;

  async function write(group: readonly WaitingJob[]): Promise<void> {
    try {
      const jobs = group.map(({ job }) => job);
      const { appended, trackedMore } = await database.transact(
        (transaction) => writeGroup(transaction, jobs, closedHour()),
        onCommit,
      );
      onTracked(trackedMore);
      for (const [index, { done }] of group.entries()) done(appended[index]);
    } catch (error) {
      // A value that the database does not take is the fault of one sender; each is tried alone.
      if (group.length > 1 && isRefusedValue(error)) for (const one of group) await write([one]);
      else for (const { fail } of group) fail(error);
    }
  }
  function startWriting(): void {
    turn = undefined;
    while (waiting.length > 0 && running.size < writers) {
      const group = waiting.slice(0, mostJobs);
      waiting = waiting.slice(mostJobs);
      const writing = write(group).then(() => {
        running.delete(writing);
        startWriting();
      });
      running.add(writing);
    }
  }

  return {
    write(job) {
      return new Promise((done, fail) => {
        if (isClosed) throw new LedgerUnavailableError('the ledger is closed');
        waiting.push({ job, done, fail });
        turn ??= setImmediate(startWriting);
      });
    },
    async close() {
      isClosed = true;
      clearImmediate(turn);
      startWriting();
      while (running.size > 0) await Promise.all(running);
    },
  };
}
