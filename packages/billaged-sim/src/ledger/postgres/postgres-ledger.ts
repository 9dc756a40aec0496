import type { StopNotice, UsageLedger, VmUsage } from '../ledger.ts';
import { hourOfSeconds } from '../time.ts';
import { vmUsageOf } from '../vm-summary.ts';
import type { Database } from './database.ts';
import { createGroupWriter } from './group-writer.ts';
import { openDatabase } from './open-database.ts';
import { insertNotices } from './pending-rows.ts';
import { compactBefore, makeRollups, moveSealedHour, readSealedHour } from './sealed-hours.ts';
import { createSharedWork, type SharedWork, startRepeating } from './shared-work.ts';
import { createUsageReader } from './usage-reader.ts';
import { createTrackedCount, type TrackedCount, updateVms, vmColumnList, vmStateOf } from './vm-table.ts';
import { prepareBatch } from './write-group.ts';

/** Options of `openPostgresLedger`. */
export interface PostgresLedgerOptions {
  /** `postgresql://USER:PASSWORD@HOST:PORT/DATABASE` */
  readonly url: string;
  /** Maximum number of connections; two of them write. @default 4 */
  readonly poolSize?: number | undefined;
  /** Timeout for a connection in milliseconds. @default 5000 */
  readonly connectTimeoutMs?: number | undefined;
  /** Timeout for one statement in milliseconds. @default 30000 */
  readonly statementTimeoutMs?: number | undefined;
  /** Timeout for the lock of a VM in milliseconds. @default 5000 */
  readonly lockTimeoutMs?: number | undefined;
  /** Milliseconds after which others take over the shared work of a billaged that was killed. @default 10000 */
  readonly leaseMs?: number | undefined;
  /** Interval in milliseconds at which changes of other billageds are read: tracked VMs, sealed hours. @default 10000 */
  readonly refreshMs?: number | undefined;
  /** Interval in milliseconds at which rollups of ended hours are made. @default 60000 */
  readonly rollupsMs?: number | undefined;
  /** Called after each commit of batches with the seconds from sending the rows to the answer. */
  readonly onCommit?: (seconds: number) => void;
  /** Called with the error when rollups of ended hours could not be made; they are retried. */
  readonly onCompactionFailed?: (error: unknown) => void;
}

/** Maximum concurrent transactions that write; the other connections read. */
const mostWriters = 2;

const lockOne = { text: `SELECT ${vmColumnList} FROM vms WHERE vm_id = $1 FOR UPDATE` };
const tryToWrite = { text: 'UPDATE closed SET checks = checks + 1' };

/**
 * Opens a ledger in PostgreSQL, or a database that speaks its protocol, which any number of billageds share.
 *
 * Nothing that decides on a bill is cached from one transaction to the next: each locks the VMs that it writes and
 * reads what is known of them.
 *
 * @throws LedgerOpenError when it cannot be reached, rejects the login, does not exist, or is newer.
 */
export async function openPostgresLedger(options: PostgresLedgerOptions): Promise<UsageLedger> {
  const { poolSize = 4, leaseMs = 10_000 } = options;
  const database = await openDatabase({
    url: options.url,
    poolSize,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    statementTimeoutMs: options.statementTimeoutMs ?? 30_000,
    lockTimeoutMs: options.lockTimeoutMs ?? 5_000,
  });
  const trackedCount = createTrackedCount(database);
  const shared = createSharedWork({ database, leaseMs });
  let background: Background;
  try {
    background = await startBackground({ ...options, database, shared, trackedCount });
  } catch (error) {
    await database.close();
    throw error;
  }
  const writer = createGroupWriter({
    database,
    writers: Math.max(1, Math.min(mostWriters, poolSize - 1)),
    sealedHour: () => background.sealedHour,
    onTracked: trackedCount.add,
    ...(options.onCommit && { onCommit: options.onCommit }),
  });

  return {
    ...createUsageReader(database),
    get activeVms() {
      return trackedCount.value;
    },
    async append(batch) {
      if (batch.samples.length === 0) return { accepted: 0, duplicates: 0, sealed: 0 };
      const appended = await writer.write({ kind: 'append', batch: prepareBatch(batch) });
      if (appended === undefined) throw new TypeError('a batch was written without an outcome');
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
    sealBefore: (unixSeconds) => background.sealBefore(hourOfSeconds(unixSeconds)),
    oncePerPeriod: shared.oncePerPeriod,
    async check() {
      await database.read(tryToWrite);
    },
    async close() {
      const ended = background.end();
      await writer.close();
      await ended;
      await database.close();
    },
  };
}

/** The background work: reading changes of other billageds, making rollups, sealing hours. */
interface Background {
  /** Nothing is added to hours before this one, as far as this billaged knows. */
  readonly sealedHour: number;
  /** Seals the hours before one, and removes their segments unless another billaged is doing so. */
  sealBefore(hour: number): Promise<void>;
  /** Stops, and waits for what is under way. */
  end(): Promise<void>;
}

interface BackgroundOptions extends PostgresLedgerOptions {
  readonly database: Database;
  readonly shared: SharedWork;
  readonly trackedCount: TrackedCount;
}

/** Reads the changes of other billageds once, then starts the background work. */
async function startBackground(options: BackgroundOptions): Promise<Background> {
  const { database, shared, trackedCount, refreshMs = 10_000, rollupsMs = 60_000 } = options;
  let sealedHour = Number.MIN_SAFE_INTEGER;
  let isEnded = false;
  const isEnough = () => isEnded;

  async function refresh(): Promise<void> {
    sealedHour = Math.max(sealedHour, await readSealedHour(database));
    await trackedCount.refresh();
  }
  async function makeDueRollups(): Promise<void> {
    const period = Math.floor(Date.now() / rollupsMs);
    // The task keeps its first name, which billageds of several versions share.
    await shared.oncePerPeriod('totals', period, () => makeRollups(database, isEnough));
  }
  await refresh();
  const repeating = [
    startRepeating(refreshMs, refresh),
    startRepeating(rollupsMs, makeDueRollups, options.onCompactionFailed),
  ];
  return {
    get sealedHour() {
      return sealedHour;
    },
    async sealBefore(hour) {
      await moveSealedHour(database, hour);
      sealedHour = Math.max(sealedHour, hour);
      await shared.oncePerPeriod('retention', hour, () => compactBefore(database, hour, isEnough));
    },
    async end() {
      isEnded = true;
      await Promise.all(repeating.map(({ end }) => end()));
    },
  };
}

/** Stops tracking a VM; `undefined` if it is not tracked. */
async function stopVm(database: Database, { vmId, stopNanos }: StopNotice): Promise<VmUsage | undefined> {
  return await database.transact(async (transaction) => {
    const [row] = await transaction.read(lockOne, [vmId]);
    const vm = row && vmStateOf(row);
    if (vm === undefined || !vm.isTracked) return undefined;
    vm.isTracked = false;
    vm.stopNanos = stopNanos;
    updateVms(transaction, [vm]);
    insertNotices(transaction, [{ vmId, kind: 'stop', at: stopNanos }]);
    return vmUsageOf(vm);
  });
}
