import { type Appended, LedgerUnavailableError } from '../ledger.ts';
import { type Database, isRefusedValue } from './database.ts';
import { type Job, writeGroup } from './write-group.ts';

/** Groups waiting jobs into shared transactions, so that many senders wait for the disk together. */
export interface GroupWriter {
  /**
   * Resolves when it is on disk.
   *
   * @throws LedgerUnavailableError when the outcome is unknown or the database is not available; it may be sent again.
   */
  write(job: Job): Promise<Appended | undefined>;
  /** Waits for pending jobs, and refuses further ones. */
  close(): Promise<void>;
}

/** Options of `createGroupWriter`. */
export interface GroupWriterOptions {
  readonly database: Database;
  /** Concurrent transactions. While one waits for the disk, the next one collects jobs. */
  readonly writers: number;
  /** Nothing is added to hours before this one. */
  readonly sealedHour: () => number;
  /** Called with the change of the number of tracked VMs, which may be negative. */
  readonly onTracked: (more: number) => void;
  /** Called after each commit with the seconds that it took. */
  readonly onCommit?: (seconds: number) => void;
}

interface WaitingJob {
  readonly job: Job;
  readonly done: (appended: Appended | undefined) => void;
  readonly fail: (error: unknown) => void;
}

/** Maximum jobs of one transaction. More would lock VMs longer without saving anything. */
const mostJobs = 256;

/** Makes the writer. */
export function createGroupWriter({
  database,
  writers,
  sealedHour,
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
        (transaction) => writeGroup(transaction, jobs, sealedHour()),
        onCommit,
      );
      onTracked(trackedMore);
      for (const [index, { done }] of group.entries()) done(appended[index]);
    } catch (error) {
      // A value that the database rejects is the fault of one sender, so each job is tried alone.
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
