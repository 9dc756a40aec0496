import { createFaultSwitch } from '@vmobs/faults';
import { type DiskUse, LedgerUnavailableError, type UsageLedger } from '../ledger/ledger.ts';

/** A fault that is on or off: its size is always 1. */
const onOrOff = {
  size: { type: 'number', description: 'on', unit: 'switch', minimum: 1, maximum: 1, default: 1 },
} as const;

/** Makes the faults of the ledger's storage, and the wrapper of the ledger. */
export function createLedgerFaults() {
  const unavailable = createFaultSwitch({
    name: 'ledger-unavailable',
    description: 'The ledger cannot be reached: batches, notices and usage queries get unavailable, /ready 503.',
    parameters: onOrOff,
  });
  const full = createFaultSwitch({
    name: 'disk-full',
    description: 'The disk is full: batches and notices get unavailable, /ready 503. Usage can still be read.',
    parameters: onOrOff,
  });

  function reach(): void {
    if (unavailable.values !== undefined) throw new LedgerUnavailableError('the database does not answer');
  }
  function write(): void {
    reach();
    if (full.values !== undefined) throw new LedgerUnavailableError('database or disk is full');
  }

  /** The disk as metrics see it: without free bytes while it is full. A ledger in memory has no disk. */
  const diskWithFault = (disk: DiskUse): DiskUse => ({
    get usedBytes() {
      return disk.usedBytes;
    },
    get freeBytes() {
      return disk.freeBytes === undefined || full.values === undefined ? disk.freeBytes : 0;
    },
  });

  const wrap = (ledger: UsageLedger): UsageLedger => ({
    get activeVms() {
      return ledger.activeVms;
    },
    ...(ledger.disk && { disk: diskWithFault(ledger.disk) }),
    ...guard(ledger, { reach, write }),
    close: ledger.close,
  });

  return { faults: [unavailable.fault, full.fault], wrap };
}

/** What throws while a fault is active. */
interface Guards {
  /** Is called before the ledger is asked. */
  readonly reach: () => void;
  /** Is called before the ledger is written to. */
  readonly write: () => void;
}

/** The calls of a ledger, each after its guard. */
function guard(ledger: UsageLedger, { reach, write }: Guards): Omit<UsageLedger, 'activeVms' | 'disk' | 'close'> {
  return {
    async append(batch) {
      write();
      return ledger.append(batch);
    },
    async start(notice) {
      write();
      return ledger.start(notice);
    },
    async stop(notice) {
      write();
      return ledger.stop(notice);
    },
    async gap(notice) {
      write();
      return ledger.gap(notice);
    },
    async *tracked(activeSinceNanos) {
      reach();
      for await (const usage of ledger.tracked(activeSinceNanos)) {
        reach();
        yield usage;
      }
    },
    async usage(query) {
      reach();
      return ledger.usage(query);
    },
    async sealBefore(unixSeconds) {
      write();
      return ledger.sealBefore(unixSeconds);
    },
    async oncePerPeriod(task, period, work) {
      reach();
      return ledger.oncePerPeriod(task, period, work);
    },
    async check() {
      write();
      return ledger.check();
    },
  };
}
