import { setTimeout as sleep } from 'node:timers/promises';
import type { UsageLedger } from '../ledger.ts';
import { hourSeconds } from '../run.ts';
import { createCompaction } from './compaction.ts';
import { createDiskUse } from './disk-use.ts';
import { createGroupCommit } from './group-commit.ts';
import { type DatabaseOptions, openDatabase } from './open-database.ts';
import { createSampleWriter } from './sample-writer.ts';
import { createTables } from './tables.ts';
import { createUsageReader } from './usage-reader.ts';

/** Milliseconds between two parts of the work that nobody waits for. */
const pauseMs = 5;

/** Options of `openSqliteLedger`: its file, and who is told what nobody waits for. */
export interface SqliteLedgerOptions extends DatabaseOptions {
  /** Told after each commit how many seconds it waited for the disk. Batches that come together share a commit. */
  readonly onCommit?: (seconds: number) => void;
  /** Told why totals of hours that have ended could not be made. They are asked for again when the hours are read. */
  readonly onCompactionFailed?: (error: unknown) => void;
}

/**
 * Opens a ledger in a file of SQLite, or in memory.
 *
 * @throws LedgerOpenError when another process has the file, it cannot be read or written, it is damaged, or it is newer.
 */
export function openSqliteLedger(options: SqliteLedgerOptions): UsageLedger {
  const { onCommit = () => undefined, onCompactionFailed = () => undefined } = options;
  const db = openDatabase(options);
  const tables = createTables(db);
  const { vms, notices, closed } = tables;
  const compaction = createCompaction(tables);
  const commit = createGroupCommit(db, {
    onCommit,
    onRollback() {
      vms.reset();
      closed.reset();
      compaction.clear();
    },
  });
  const writeBatch = createSampleWriter(tables, compaction);
  const reader = createUsageReader(tables, compaction, commit);
  let pause: NodeJS.Timeout | undefined;

  /** Makes totals as long as some are asked for. What fails is asked for again when it is read. */
  function compactLater(): void {
    if (pause !== undefined || !compaction.isWaiting || !db.isOpen) return;
    pause = setTimeout(() => {
      const goOn = () => {
        pause = undefined;
        compactLater();
      };
      commit.write(compaction.work).then(goOn, (error: unknown) => {
        compaction.clear();
        onCompactionFailed(error);
        goOn();
      });
    }, pauseMs).unref();
  }

  return {
    get activeVms() {
      return vms.tracked;
    },
    disk: createDiskUse(db),
    append(batch) {
      const appended = commit.write(() => writeBatch(batch));
      compactLater();
      return appended;
    },
    start: ({ vmId, customerId, startNanos }) =>
      commit.write(() => {
        const vm = vms.findOrAdd(vmId, customerId);
        const isEarliest = vm.startNanos === undefined || startNanos < vm.startNanos;
        vms.update(vm, { customerId, isTracked: true, ...(isEarliest && { startNanos }) });
        notices.insert(vmId, 'start', startNanos);
      }),
    stop: ({ vmId, stopNanos }) =>
      commit.write(() => {
        const vm = vms.find(vmId);
        if (vm === undefined || !vm.isTracked) return undefined;
        vms.update(vm, { isTracked: false, stopNanos });
        notices.insert(vmId, 'stop', stopNanos);
        return reader.usageOf(vm);
      }),
    gap: ({ vmId, lastSentNanos, resumeNanos }) =>
      commit.write(() => notices.insert(vmId, 'gap', lastSentNanos, resumeNanos)),
    tracked: reader.tracked,
    async usage(query) {
      const page = await reader.usage(query);
      compactLater();
      return page;
    },
    async closeBefore(unixSeconds) {
      const hour = Math.floor(unixSeconds / hourSeconds);
      await commit.write(() => {
        closed.moveTo(hour);
        notices.removeBefore(BigInt(hour * hourSeconds) * 1_000_000_000n);
      });
      for (let id = 0; ; ) {
        const page = await commit.write(() => vms.after(id, 256));
        if (page.length === 0) return;
        for (const vm of page) {
          id = vm.id;
          while (await commit.write(() => compaction.close(vm.id, hour))) await sleep(pauseMs);
        }
      }
    },
    async oncePerPeriod(_task, _period, work) {
      await work();
      return 'done';
    },
    check: () => commit.write(closed.tryToWrite),
    async close() {
      clearTimeout(pause);
      commit.close();
      if (db.isOpen) db.close();
    },
  };
}
