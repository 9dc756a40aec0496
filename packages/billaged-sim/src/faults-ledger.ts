import { createFaultSwitch } from '@vmobs/faults';
import type { DiskUse, UsageLedger } from './ledger/ledger.ts';
import { LedgerUnavailableError } from './ledger/ledger-error.ts';

/** A fault that is on or off: its size is always 1. */
const whole = {
  size: { type: 'number', description: 'on', unit: 'switch', minimum: 1, maximum: 1, default: 1 },
} as const;

/** Makes the faults of what keeps the ledger, and what is put around it. */
export function createLedgerFaults() {
  const unavailable = createFaultSwitch({
    name: 'ledger-unavailable',
    description:
      'The ledger cannot be reached: batches, notices and questions about usage are answered unavailable, /ready 503.',
    parameters: whole,
  });
  const full = createFaultSwitch({
    name: 'disk-full',
    description:
      'Nothing more can be written, and nothing is left of the disk: batches and notices are answered unavailable, /ready 503. Usage can be read.',
    parameters: whole,
  });

  function reach(): void {
    if (unavailable.values !== undefined) throw new LedgerUnavailableError('the database does not answer');
  }
  function write(): void {
    reach();
    if (full.values !== undefined) throw new LedgerUnavailableError('database or disk is full');
  }

  /** What a disk says of itself: nothing is left of one that is full. A ledger in memory has none. */
  const seen = (disk: DiskUse): DiskUse => ({
    get usedBytes() {
      return disk.usedBytes;
    },
    get freeBytes() {
      return disk.freeBytes === undefined || full.values === undefined ? disk.freeBytes : 0;
    },
  });

  const around = (ledger: UsageLedger): UsageLedger => ({
    get activeVms() {
      return ledger.activeVms;
    },
    ...(ledger.disk && { disk: seen(ledger.disk) }),
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
    async closeBefore(unixSeconds) {
      write();
      return ledger.closeBefore(unixSeconds);
    },
    async oncePerPeriod(task, period, work) {
      reach();
      return ledger.oncePerPeriod(task, period, work);
    },
    async check() {
      write();
      return ledger.check();
    },
    close: ledger.close,
  });

  return { faults: [unavailable.fault, full.fault], around };
}
