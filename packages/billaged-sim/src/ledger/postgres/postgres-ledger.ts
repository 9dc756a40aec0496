import type { StopNotice, UsageLedger, VmUsage } from '../ledger.ts';
import { hourSeconds } from '../run.ts';
import { compactBefore, makeTotals, moveClosedHour, readClosedHour } from './closing.ts';
import type { Database } from './database.ts';
import { createGroupWriter } from './group-writer.ts';
import { insertNotices } from './notice-table.ts';
import { openDatabase } from './open-database.ts';
import { prepareBatch } from './prepared-batch.ts';
import { startRepeating } from './repeating.ts';
import { createSharedWork } from './shared-work.ts';
import { createTrackedCount } from './tracked-count.ts';
import { createUsageReader } from './usage-reader.ts';
import { vmStateOf } from './vm-state.ts';
import { updateVms, usageOf, vmColumnList } from './vm-table.ts';

/** Options of `openPostgresLedger`. */
export interface PostgresLedgerOptions {
  /** `postgresql://USER:PASSWORD@HOST:PORT/DATABASE` */
  readonly url: string;
  /** Most connections; two of them write. @default 4 */
  readonly poolSize?: number | undefined;
  /** Milliseconds for a connection. @default 5000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Milliseconds for one statement. @default 30000 */
  readonly statementTimeoutMs?: number | undefined;
  /** Milliseconds for the lock of a VM. @default 5000 */
  readonly lockTimeoutMs?: number | undefined;
  /** Milliseconds after which others take over the shared work of a billaged that was killed. @default 10000 */
  readonly leaseMs?: number | undefined;
  /** Milliseconds between two looks at what others have done: VMs that are tracked, hours that are closed. @default 10000 */
  readonly refreshMs?: number | undefined;
  /** Milliseconds between two times that totals are made of hours that have ended. @default 60000 */
  readonly totalsMs?: number | undefined;
  /** Told after each commit of batches how many seconds it took, from sending what is written to the answer. */
  readonly onCommit?: (seconds: number) => void;
  /** Told why totals of hours that have ended could not be made; that is tried again. */
  readonly onCompactionFailed?: (error: unknown) => void;
}

/** Transactions that write at the same time; the other connections read. */
const mostWriters = 2;

const lockOne = { text: `SELECT ${vmColumnList} FROM vms WHERE vm_id = $1 FOR UPDATE` };
const tryToWrite = { text: 'UPDATE closed SET checks = checks + 1' };

/**
 * Opens a ledger in a PostgreSQL, or in what speaks its protocol, which any number of billageds share.
 *
 * Nothing that decides on a bill is kept in mind from one transaction to the next: each locks the VMs that it writes and
 * reads what is known of them.
 *
 * @throws LedgerOpenError when it cannot be reached, does not let us in, is not there, or is newer.
 */
export async function openPostgresLedger(options: PostgresLedgerOptions): Promise<UsageLedger> {
  const { poolSize = 4, leaseMs = 10_000, refreshMs = 10_000, totalsMs = 60_000 } = options;
  const database = await openDatabase({
    url: options.url,
    poolSize,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    statementTimeoutMs: options.statementTimeoutMs ?? 30_000,
    lockTimeoutMs: options.lockTimeoutMs ?? 5_000,
  });
  const trackedCount = createTrackedCount(database);
  const shared = createSharedWork({ database, leaseMs });
  const reader = createUsageReader(database);
  let closedHour = Number.MIN_SAFE_INTEGER;
  let isClosed = false;
  const isEnough = () => isClosed;
  const writer = createGroupWriter({
    database,
    writers: Math.max(1, Math.min(mostWriters, poolSize - 1)),
    closedHour: () => closedHour,
    onTracked: trackedCount.add,
    ...(options.onCommit && { onCommit: options.onCommit }),
  });

  async function refresh(): Promise<void> {
    closedHour = Math.max(closedHour, await readClosedHour(database));
    await trackedCount.refresh();
  }
  try {
    await refresh();
  } catch (error) {
    await database.close();
    throw error;
  }
  const repeating = [
    startRepeating(refreshMs, refresh),
    startRepeating(
      totalsMs,
      async () => {
        const period = Math.floor(Date.now() / totalsMs);
        await shared.oncePerPeriod('totals', period, () => makeTotals(database, isEnough));
      },
      options.onCompactionFailed,
    ),
  ];

  return {
    get activeVms() {
      return trackedCount.value;
    },
    async append(batch) {
      if (batch.samples.length === 0) return { accepted: 0, duplicates: 0, closed: 0 };
      const appended = await writer.write({ kind: 'append', batch: prepareBatch(batch) });
      if (appended === undefined) throw new TypeError('a batch was written without saying what became of it');
      return appended;
    },
    async start(notice) {
      await writer.write({ kind: 'start', notice });
    },
    async stop(notice) {
      const usage = await stopVm(database, notice);
      if (usage !== undefined) trackedCount.add(-1);
      return usage;
    },
    async gap(notice) {
      await writer.write({ kind: 'gap', notice });
    },
    usage: reader.usage,
    tracked: reader.tracked,
    async closeBefore(unixSeconds) {
      const hour = Math.floor(unixSeconds / hourSeconds);
      await moveClosedHour(database, hour);
      closedHour = Math.max(closedHour, hour);
      await shared.oncePerPeriod('retention', hour, () => compactBefore(database, hour, isEnough));
    },
    oncePerPeriod: shared.oncePerPeriod,
    async check() {
      await database.read(tryToWrite);
    },
    async close() {
      isClosed = true;
      await writer.close();
      for (const { end } of repeating) await end();
      await database.close();
    },
  };
}

/** Ends tracking a VM, unless it is not tracked. */
async function stopVm(database: Database, { vmId, stopNanos }: StopNotice): Promise<VmUsage | undefined> {
  return await database.transact(async (transaction) => {
    const [row] = await transaction.read(lockOne, [vmId]);
    const vm = row && vmStateOf(row);
    if (vm === undefined || !vm.isTracked) return undefined;
    vm.isTracked = false;
    vm.stopNanos = stopNanos;
    updateVms(transaction, [vm]);
    insertNotices(transaction, [{ vmId, kind: 'stop', at: stopNanos }]);
    return usageOf(vm);
  });
}
