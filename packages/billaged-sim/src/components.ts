import { createFaults, type Faults } from '@vmobs/faults';
import type { Telemetry } from '@vmobs/telemetry';
import type { Closers } from '@vmobs/telemetry/command';
import { startAggregator } from './aggregation/aggregator.ts';
import type { BillagedConfig } from './config.ts';
import { type BillagedFaults, type BillingFaults, withFaults } from './faults/with-faults.ts';
import type { UsageLedger } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { startRetention } from './ledger/retention.ts';
import { createBackup } from './ledger-backup.ts';
import { createLedgerCheck } from './ledger-errors.ts';
import { type BillagedMetrics, createBillagedMetrics, observeBillaged } from './metrics.ts';
import { type Admission, createAdmission } from './rpc/admission.ts';

/** Options of `createComponents`. */
export interface ComponentsOptions {
  readonly config: BillagedConfig;
  readonly telemetry: Telemetry;
  readonly faults: BillagedFaults;
  /** A ledger of the caller; `undefined` opens the one that the settings name. */
  readonly ledger: UsageLedger | undefined;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Gets the closer of each component. */
  readonly closers: Closers;
}

/** What stands behind the API of billaged. */
export interface BillagedComponents {
  readonly ledger: UsageLedger;
  readonly metrics: BillagedMetrics;
  readonly admission: Admission;
  /** Faults of the billing API. */
  readonly billingFaults: BillingFaults;
  /** All faults, to switch them on and off. */
  readonly faults: Faults;
  /** Copies the ledger, and logs how it went. */
  readonly backUp: () => Promise<void>;
}

/**
 * Opens the ledger and starts what works on it. The components close in reverse order: the aggregator writes its last summary before
 * the ledger closes.
 *
 * @throws LedgerOpenError if the ledger cannot be opened; components that are already open are in `closers`.
 */
export async function createComponents(options: ComponentsOptions): Promise<BillagedComponents> {
  const { config, telemetry, now, closers } = options;
  const { logger } = telemetry;
  const metrics = createBillagedMetrics(telemetry.metrics);
  const opened = options.ledger ?? (await openOwnLedger(options, metrics));
  const { ledger, summarisedLedger, billing } = withFaults(opened, options.faults);

  const { maxBatchesInFlight: maxBatches, maxBytesInFlight: maxBytes, aggregationIntervalMs: intervalMs } = config;
  const admission = createAdmission({ metrics, maxBatches, maxBytes });
  observeBillaged(telemetry.metrics, { ledger, admission });
  telemetry.health.addCheck('ledger', createLedgerCheck(ledger));

  const aggregator = startAggregator({ ledger: summarisedLedger, metrics, logger, intervalMs, now });
  closers.add(aggregator.close);
  const onFailed = () => metrics.errors.inc({ component: 'ledger' });
  const retention = startRetention({ ledger, logger, onFailed, hours: config.retentionHours, now });
  closers.add(retention.close);
  const faults = createFaults({ faults: options.faults.all, metrics: telemetry.metrics, logger });
  closers.add(faults.close);
  const backUp = createBackup({ ledger: opened, config, onFailed, logger });
  return { ledger, metrics, admission, billingFaults: billing, faults, backUp };
}

/** Opens the ledger that the settings name. */
async function openOwnLedger(
  { config, telemetry, closers }: ComponentsOptions,
  metrics: BillagedMetrics,
): Promise<UsageLedger> {
  const ledger = await openLedger({
    ...config,
    onCommit: (seconds) => metrics.ledgerCommitDuration.observe(seconds),
    onCompactionFailed(error) {
      metrics.errors.inc({ component: 'ledger' });
      telemetry.logger.error({ err: error }, 'rollups of ended hours could not be made; usage is read from segments');
    },
    onCheckpointFailed(error) {
      metrics.errors.inc({ component: 'ledger' });
      telemetry.logger.error(
        { err: error },
        'the log of the ledger could not be copied into its file; that is retried',
      );
    },
    onFinding(finding) {
      metrics.errors.inc({ component: 'ledger' });
      telemetry.logger.error({ error: finding }, 'the ledger may be incomplete');
    },
  });
  closers.add(ledger.close);
  return ledger;
}
