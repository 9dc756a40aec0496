import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
import { type RunningService, startTelemetry, type Telemetry, type TelemetryOptions } from '@vmobs/telemetry';
import { connectServerInterceptor } from '@vmobs/telemetry/connect';
import { BillingService } from '@vmobs/wire/billing';
import Fastify from 'fastify';
import { startAggregator } from './aggregation/aggregator.ts';
import { type BillagedConfig, billagedDefaults, billagedPrefixes, version } from './config.ts';
import { addStatsRoute } from './http/stats.ts';
import type { UsageLedger } from './ledger/ledger.ts';
import { createMemoryLedger } from './ledger/memory-ledger.ts';
import { createBillagedMetrics, observeBillaged } from './metrics.ts';
import { createBillingService } from './rpc/billing-service.ts';

/** Options of `startBillaged`: any setting, and what a test may put in the place of the outside world. */
export interface BillagedOptions extends Partial<BillagedConfig>, Pick<TelemetryOptions, 'logOutput'> {
  readonly ledger?: UsageLedger;
  /** Unix time in milliseconds. @default Date.now */
  readonly now?: () => number;
}

/** A simulated billaged that runs. */
export interface Billaged extends RunningService {
  readonly telemetry: Telemetry;
}

/** Largest request that is read: a batch of 1000 samples has about 100 KB in JSON names and numbers at their longest. */
const largestRequestBytes = 1024 ** 2;

/**
 * Starts a simulated billaged in this process. Nothing is read from the environment.
 *
 * @example
 * const billaged = await startBillaged({ port: 0, metricsPort: 0 });
 *
 * @throws ListenError when a port cannot be had.
 */
export async function startBillaged(options: BillagedOptions = {}): Promise<Billaged> {
  const { ledger = createMemoryLedger(), now = Date.now, logOutput, ...settings } = options;
  const config = { ...billagedDefaults, ...settings };
  const telemetry = await startTelemetry({
    name: 'billaged',
    version,
    envPrefix: billagedPrefixes,
    settings: config,
    metricsPortSetting: 'UNKEY_BILLAGED_OTEL_PROMETHEUS_PORT or BILLAGED_OTEL_PROMETHEUS_PORT or --metrics-port',
    resourceAttributes: { 'service.namespace': 'unkey' },
    ...(logOutput && { logOutput }),
  });
  const { logger } = telemetry;
  const metrics = createBillagedMetrics(telemetry.metrics);
  observeBillaged(telemetry.metrics, { ledger });
  const aggregator = startAggregator({ ledger, metrics, logger, intervalMs: config.aggregationIntervalMs, now });

  const app = Fastify({ ...telemetry.fastifyOptions, requestTimeout: 30_000 });
  await app.register(telemetry.fastify, { rpc: { services: [BillingService], metricsPrefix: 'billaged_api' } });
  await app.register(fastifyConnectPlugin, {
    readMaxBytes: largestRequestBytes,
    interceptors: [connectServerInterceptor(() => metrics.errors.inc({ component: 'api' }))],
    routes: (router) => router.service(BillingService, createBillingService({ ledger, metrics, logger })),
  });
  addStatsRoute(app, { ledger, aggregationIntervalMs: config.aggregationIntervalMs });
  app.addHook('onClose', async () => aggregator.close());

  const service = await telemetry.listen(app, {
    host: config.address,
    port: config.port,
    portSetting: 'UNKEY_BILLAGED_PORT or BILLAGED_PORT or --port',
  });
  logger.info({ url: service.url, metrics_url: telemetry.metricsUrl, version }, 'billaged is ready');
  return { ...service, telemetry };
}
