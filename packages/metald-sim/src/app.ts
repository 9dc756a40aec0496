import { fastifyConnectPlugin } from '@connectrpc/connect-fastify';
import { type RunningService, startTelemetry, type Telemetry, type TelemetryOptions } from '@vmobs/telemetry';
import { connectClientInterceptor, connectServerInterceptor } from '@vmobs/telemetry/connect';
import { type VmConfig, VmService } from '@vmobs/wire/vmprovisioner';
import Fastify from 'fastify';
import { startBilling } from './billing/billing.ts';
import { createBillingClient } from './billing/billing-client.ts';
import { createNullClient } from './billing/null-client.ts';
import { createBillingQueue } from './billing/queue.ts';
import { type MetaldConfig, metaldDefaults, metaldPrefixes, version } from './config.ts';
import { createFleet } from './fleet/fleet.ts';
import { createSimulatedHypervisor, type Hypervisor } from './fleet/hypervisor.ts';
import { createMetaldMetrics, observeMetald } from './metrics.ts';
import { createVmService } from './rpc/vm-service.ts';

/** Options of `startMetald`: any setting, and what a test may put in the place of the outside world. */
export interface MetaldOptions extends Partial<MetaldConfig>, Pick<TelemetryOptions, 'logOutput'> {
  readonly hypervisor?: Hypervisor;
  /** Unix time in milliseconds. @default Date.now */
  readonly now?: () => number;
}

/** A simulated metald that runs. */
export interface Metald extends RunningService {
  readonly telemetry: Telemetry;
}

/** Largest request that is read: a VM configuration has a few kilobytes. */
const largestRequestBytes = 1024 ** 2;

/**
 * Starts a simulated metald in this process. Nothing is read from the environment.
 *
 * @example
 * const metald = await startMetald({ port: 0, metricsPort: 0, billingEndpoint: billaged.url });
 *
 * @throws ListenError when a port cannot be had.
 */
export async function startMetald({
  hypervisor,
  now = Date.now,
  logOutput,
  ...settings
}: MetaldOptions = {}): Promise<Metald> {
  const config = { ...metaldDefaults, ...settings };
  const telemetry = await startTelemetry({
    name: 'metald',
    version,
    envPrefix: metaldPrefixes,
    settings: config,
    metricsPortSetting: 'UNKEY_METALD_OTEL_PROMETHEUS_PORT or --metrics-port',
    resourceAttributes: { 'service.namespace': 'unkey' },
    ...(logOutput && { logOutput }),
  });
  const { logger, tracer } = telemetry;
  const metrics = createMetaldMetrics(telemetry.metrics);
  const fleet = createFleet<VmConfig>({
    maxVms: config.maxVms,
    seed: config.seed,
    hypervisor: hypervisor ?? createSimulatedHypervisor(config),
    now,
  });
  const queue = createBillingQueue();
  observeMetald(telemetry.metrics, { fleet, queue, perVmSeries: config.highCardinality });

  const client =
    config.billingEnabled && !config.billingMock
      ? createBillingClient(config.billingEndpoint, [connectClientInterceptor(tracer)])
      : createNullClient(logger);
  const billing = startBilling({
    fleet,
    client,
    queue,
    metrics,
    logger,
    tracer,
    intervalMs: config.billingIntervalMs,
    batchSize: config.billingBatchSize,
    now,
  });

  const app = Fastify({ ...telemetry.fastifyOptions, requestTimeout: 30_000 });
  await app.register(telemetry.fastify, { rpc: { services: [VmService], metricsPrefix: 'metald_api' } });
  await app.register(fastifyConnectPlugin, {
    readMaxBytes: largestRequestBytes,
    interceptors: [connectServerInterceptor(() => metrics.errors.inc({ component: 'api' }))],
    routes: (router) => router.service(VmService, createVmService({ fleet, billing, metrics, logger })),
  });
  app.addHook('onClose', () => billing.close());

  const service = await telemetry.listen(app, {
    host: config.address,
    port: config.port,
    portSetting: 'UNKEY_METALD_PORT or --port',
  });
  logger.info(
    { url: service.url, metrics_url: telemetry.metricsUrl, billing_endpoint: config.billingEndpoint, version },
    'metald is ready',
  );
  return { ...service, telemetry };
}
