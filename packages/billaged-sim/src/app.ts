import { addFaultRoutes, createFaults, readControlToken, requireToken } from '@vmobs/faults';
import { onePort, type RunningService, startTelemetry, type Telemetry, type TelemetryOptions } from '@vmobs/telemetry';
import { BillingService } from '@vmobs/wire/billing';
import Fastify from 'fastify';
import { startAggregator } from './aggregation/aggregator.ts';
import { type BillagedConfig, billagedDefaults, billagedPrefixes, version } from './config.ts';
import { createBillagedFaults } from './faults.ts';
import { createLedgerCheck } from './http/ledger-check.ts';
import { addStatsRoute } from './http/stats.ts';
import { addUsageRoute } from './http/usage.ts';
import type { UsageLedger } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import { startRetention } from './ledger/retention.ts';
import { inMemory } from './ledger/sqlite/open-database.ts';
import { createBillagedMetrics, observeBillaged } from './metrics.ts';
import { createAdmission } from './rpc/admission.ts';
import { addBillingApi } from './rpc/billing-api.ts';

/** Options of `startBillaged`: any setting, and what a test may put in the place of the outside world. */
export interface BillagedOptions extends Partial<BillagedConfig>, Pick<TelemetryOptions, 'logOutput'> {
  /** Another ledger than the setting `database` names; who passes it closes it. */
  readonly ledger?: UsageLedger;
  /** Unix time in milliseconds. @default Date.now */
  readonly now?: () => number;
}

/** A simulated billaged that runs. */
export interface Billaged extends RunningService {
  readonly telemetry: Telemetry;
}

/**
 * Starts a simulated billaged in this process. Nothing is read from the environment, and without `database` the ledger
 * lives as long as the service.
 *
 * @example
 * const billaged = await startBillaged({ port: 0, metricsPort: 0 });
 *
 * @throws ListenError when a port cannot be had.
 * @throws LedgerOpenError when the ledger cannot be opened.
 * @throws ConfigurationError when the file of the control token cannot be read.
 */
export async function startBillaged(options: BillagedOptions = {}): Promise<Billaged> {
  const { ledger: givenLedger, now = Date.now, logOutput, ...settings } = options;
  const config = { ...billagedDefaults, database: inMemory, ...settings };
  const controlToken = config.simControl ? readControlToken(config.simControlTokenFile) : undefined;
  const simulated = createBillagedFaults(config);
  const telemetry = await startTelemetry({
    name: 'billaged',
    version,
    envPrefix: billagedPrefixes,
    settings: config,
    metricsPortSetting: 'UNKEY_BILLAGED_OTEL_PROMETHEUS_PORT or BILLAGED_OTEL_PROMETHEUS_PORT or --metrics-port',
    resourceAttributes: { 'service.namespace': 'unkey' },
    aroundMetrics: simulated.service.aroundMetrics,
    ...(logOutput && { logOutput }),
  });
  const { logger } = telemetry;
  const metrics = createBillagedMetrics(telemetry.metrics);
  const countLedgerError = () => metrics.errors.inc({ component: 'ledger' });
  const kept = givenLedger ?? (await openOwnLedger());
  const ledger = simulated.ledger.around(kept);
  const admission = createAdmission({
    metrics,
    maxBatches: config.maxBatchesInFlight,
    maxBytes: config.maxBytesInFlight,
  });
  observeBillaged(telemetry.metrics, { ledger, admission });
  telemetry.health.addCheck('ledger', createLedgerCheck(ledger));
  const aggregator = startAggregator({
    ledger: simulated.aggregation.around(ledger),
    metrics,
    logger,
    intervalMs: config.aggregationIntervalMs,
    now,
  });
  const retention = startRetention({ ledger, logger, onFailed: countLedgerError, hours: config.retentionHours, now });
  const faults = createFaults({ faults: simulated.all, metrics: telemetry.metrics, logger });

  const app = Fastify({ ...telemetry.fastifyOptions, serverFactory: onePort() });
  await app.register(telemetry.fastify, { rpc: { services: [BillingService], metricsPrefix: 'billaged_api' } });
  await addBillingApi(app, {
    ledger,
    metrics,
    logger,
    admission,
    maxRequestBytes: config.maxRequestBytes,
    now,
    faults: simulated.service,
    disturbances: simulated.batches.disturbances,
  });
  addStatsRoute(app, { ledger, aggregationIntervalMs: config.aggregationIntervalMs });
  addUsageRoute(app, { ledger, metrics });
  if (config.simControl) {
    await app.register(async (sim) => {
      requireToken(sim, controlToken);
      addFaultRoutes(sim, faults);
    });
  }
  app.addHook('onClose', async () => {
    faults.close();
    retention.close();
    await aggregator.close();
    if (givenLedger === undefined) await kept.close();
  });

  /** Opens the ledger that the settings name; when that fails, the telemetry does not stay open. */
  async function openOwnLedger(): Promise<UsageLedger> {
    try {
      return await openLedger({
        ...config,
        onCommit: (seconds) => metrics.ledgerCommitDuration.observe(seconds),
        onCompactionFailed(error) {
          countLedgerError();
          logger.error({ err: error }, 'totals of hours that have ended could not be made; usage is read without them');
        },
      });
    } catch (error) {
      await telemetry.close();
      throw error;
    }
  }

  const service = await telemetry.listen(app, {
    host: config.address,
    port: config.port,
    portSetting: 'UNKEY_BILLAGED_PORT or BILLAGED_PORT or --port',
  });
  logger.info({ url: service.url, metrics_url: telemetry.metricsUrl, version }, 'billaged is ready');
  return { ...service, telemetry };
}
