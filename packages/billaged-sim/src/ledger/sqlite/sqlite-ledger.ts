import { setTimeout as sleep } from 'node:timers/promises';
import type { UsageLedger } from '../ledger.ts';
import { hourOfSeconds, unixNanos } from '../time.ts';
import { type Compaction, createCompaction } from './compaction.ts';
import { createGroupCommit, type GroupCommit } from './group-commit.ts';
import { createDiskUse, type DatabaseOptions, openDatabase } from './open-database.ts';
import { createSampleWriter } from './sample-writer.ts';
import { createTables, type Tables } from './tables.ts';
import { createUsageReader, type UsageReader } from './usage-reader.ts';

/** Milliseconds between two parts of background work. */
const pauseMs = 5;

/** Options of `openSqliteLedger`. */
export interface SqliteLedgerOptions extends DatabaseOptions {
  /** Milliseconds between two checkpoints, unless the log is long earlier. @default 60_000 */
  readonly checkpointMs?: number;
  /** Called after each commit with the seconds that it waited for the disk. Batches that come together share a commit. */
  readonly onCommit?: (seconds: number) => void;
  /** Called with the error when rollups of ended hours could not be made. They are requested again when the hours are read. */
  readonly onCompactionFailed?: (error: unknown) => void;
  /** Called with the error when the log could not be copied into the file. That is tried again after the next commits. */
  readonly onCheckpointFailed?: (error: unknown) => void;
}

/**
 * Opens a ledger in a file of SQLite, or in memory.
 *
 * @throws LedgerOpenError when another process has the file, it cannot be read or written, it is damaged, or it is newer.
 */
export function openSqliteLedger(options: SqliteLedgerOptions): UsageLedger {
  const {
    onCommit = () => undefined,
    onCompactionFailed = () => undefined,
    onCheckpointFailed = () => undefined,
    checkpointMs = 60_000,
  } = options;
  const file = openDatabase(options);
  const { db, checkpoints } = file;
  const tables = createTables(db);
  const { vms, notices, sealed } = tables;
  const compaction = createCompaction(tables);
  const commit = createGroupCommit(db, {
    onCommit(seconds) {
      onCommit(seconds);
      tryTo(() => checkpoints?.afterCommit(), onCheckpointFailed);
    },
    onRollback() {
      vms.reset();
      sealed.reset();
      compaction.clear();
    },
  });
  const writeBatch = createSampleWriter(tables, compaction);
  const reader = createUsageReader(tables, compaction, commit);
  const compactor = createCompactor(compaction, commit, onCompactionFailed);
  const checkpointing = setInterval(() => {
    commit.read(() => checkpoints?.run()).catch(onCheckpointFailed);
  }, checkpointMs).unref();

  return {
    get activeVms() {
      return vms.tracked;
    },
    disk: createDiskUse(db),
    append(batch) {
      const appended = commit.write(() => writeBatch(batch));
      compactor.wake();
      return appended;
    },
    ...createNoticeWriter(tables, commit, reader),
    tracked: reader.tracked,
    async usage(query) {
      const page = await reader.usage(query);
      compactor.wake();
      return page;
    },
    async sealBefore(unixSeconds) {
      const hour = hourOfSeconds(unixSeconds);
      await commit.write(() => {
        sealed.moveTo(hour);
        notices.removeBefore(unixNanos({ hour, nanos: 0 }));
      });
      await removeSealed(tables, compaction, commit, hour);
    },
    async oncePerPeriod(_task, _period, work) {
      await work();
      return 'done';
    },
    ...(checkpoints && {
      backUp: async (target: string) =>
        await (await commit.read(() => ({ copied: checkpoints.copyTo(target) }))).copied,
    }),
    check: () => commit.write(sealed.tryToWrite),
    async close() {
      compactor.stop();
      clearInterval(checkpointing);
      commit.close();
      tryTo(file.close, onCheckpointFailed);
    },
  };
}

function tryTo(work: () => void, onFailed: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    onFailed(error);
  }
}

/** Stores notices and updates their VMs. */
function createNoticeWriter(
  { vms, notices }: Tables,
  commit: GroupCommit,
  reader: UsageReader,
): Pick<UsageLedger, 'start' | 'stop' | 'gap'> {
  return {
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
  };
}

/** Makes the requested rollups in small steps in the background. */
interface Compactor {
  /** Starts, unless it is already running or there are no requests. */
  wake(): void;
  stop(): void;
}

/** Makes the compactor. Rollups that fail are requested again when their hours are read. */
function createCompactor(compaction: Compaction, commit: GroupCommit, onFailed: (error: unknown) => void): Compactor {
  let pause: NodeJS.Timeout | undefined;
  let isStopped = false;
  function wake(): void {
    if (pause !== undefined || !compaction.isWaiting || isStopped) return;
    pause = setTimeout(() => {
      const goOn = () => {
        pause = undefined;
        wake();
      };
      commit.write(compaction.work).then(goOn, (error: unknown) => {
        compaction.clear();
        onFailed(error);
        goOn();
      });
    }, pauseMs).unref();
  }
  return {
    wake,
    stop() {
      isStopped = true;
      clearTimeout(pause);
    },
  };
}

/** Removes the segments of all VMs before an hour in small steps, so that batches do not wait. */
async function removeSealed({ vms }: Tables, compaction: Compaction, commit: GroupCommit, hour: number): Promise<void> {
  for (let id = 0; ; ) {
    const page = await commit.write(() => vms.after(id, 256));
    if (page.length === 0) return;
    for (const vm of page) {
      id = vm.id;
      while (await commit.write(() => compaction.removeBefore(vm.id, hour))) await sleep(pauseMs);
    }
  }
}
