import { addFaultRoutes, createFaults, readControlToken, requireToken } from '@vmobs/faults';
import { onePort, type RunningService, startTelemetry, type Telemetry, type TelemetryOptions } from '@vmobs/telemetry';
import { connectClientInterceptor } from '@vmobs/telemetry/connect';
import { type VmConfig, VmService } from '@vmobs/wire/vmprovisioner';
import Fastify from 'fastify';
import { type Billing, startBilling } from './billing/billing.ts';
import { createBillingClient } from './billing/billing-client.ts';
import { createGroundTruth } from './billing/ground-truth.ts';
import { createNullClient } from './billing/null-client.ts';
import { memoryOnly, openSpool } from './billing/spool/open-spool.ts';
import { createSpoolFailureReport } from './billing/spool-failures.ts';
import { type MetaldConfig, metaldDefaults, metaldPrefixes, version } from './config.ts';
import { createMetaldFaults } from './faults.ts';
import { createFleet } from './fleet/fleet.ts';
import { createSimulatedHypervisor, type Hypervisor } from './fleet/hypervisor.ts';
import { addTruthRoute } from './http/truth.ts';
import { createMetaldMetrics, observeMetald } from './metrics.ts';
import { createHostHealth } from './rpc/host-health.ts';
import { createVmApi } from './rpc/vm-api.ts';
import { createVmService } from './rpc/vm-service.ts';
import { startSimulatedFleet } from './simulated-fleet.ts';

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

/** VMs that are gone and whose usage is still known exactly: a few hundred bytes each. */
const goneVmsRemembered = 10_000;

/**
 * Starts a simulated metald in this process. Nothing is read from the environment, and billing data stays in memory
 * unless a folder is given as `spool`.
 *
 * @example
 * const metald = await startMetald({ port: 0, metricsPort: 0, billingEndpoint: billaged.url });
 *
 * @throws ListenError when a port cannot be had, SpoolFolderError when the spool folder cannot be used,
 * ConfigurationError when the file of the control token cannot.
 */
export async function startMetald({
  hypervisor,
  now = Date.now,
  logOutput,
  ...settings
}: MetaldOptions = {}): Promise<Metald> {
  const config = { ...metaldDefaults, spool: memoryOnly, ...settings };
  const controlToken = config.simControl ? readControlToken(config.simControlTokenFile) : undefined;
  const metaldFaults = createMetaldFaults(config);
  const telemetry = await startTelemetry({
    name: 'metald',
    version,
    envPrefix: metaldPrefixes,
    settings: config,
    metricsPortSetting: 'UNKEY_METALD_OTEL_PROMETHEUS_PORT or --metrics-port',
    resourceAttributes: { 'service.namespace': 'unkey' },
    aroundMetrics: metaldFaults.service.aroundMetrics,
    ...(logOutput && { logOutput }),
  });
  const { logger, tracer } = telemetry;
  const metrics = createMetaldMetrics(telemetry.metrics);
  const fleet = createFleet<VmConfig>({
    maxVms: config.maxVms + config.vms,
    seed: config.seed,
    hypervisor: metaldFaults.hypervisor.around(hypervisor ?? createSimulatedHypervisor(config)),
    now,
  });
  const truth = createGroundTruth(goneVmsRemembered);
  const sendsBills = config.billingEnabled && !config.billingMock;
  const spool = await openOrClose(telemetry, () =>
    openSpool({
      folder: sendsBills ? config.spool : memoryOnly,
      limitBytes: config.spoolLimitMib * 1024 ** 2,
      now,
      onFailure: createSpoolFailureReport(metrics, logger),
      beforeUse: metaldFaults.spool.beforeUse,
    }),
  );
  const { billingEndpoint, sampling } = metaldFaults;
  const billingNow = sampling.skewed(now);
  const client = sendsBills
    ? createBillingClient(config.billingEndpoint, [
        billingEndpoint.outer,
        connectClientInterceptor(tracer),
        billingEndpoint.inner,
      ])
    : createNullClient(logger);
  const billing: Billing = startBilling({
    fleet: sampling.withGaps(fleet, {
      intervalMs: config.billingIntervalMs,
      now: billingNow,
      unreadable: metaldFaults.hypervisor.unreachable,
      onGap: (fromMs, untilMs) => billing.notSampled(fromMs, untilMs),
    }),
    truth,
    client,
    spool,
    metrics,
    logger,
    tracer,
    intervalMs: config.billingIntervalMs,
    batchSize: config.billingBatchSize,
    now: billingNow,
  });
  const { vmSeries } = observeMetald(telemetry.metrics, {
    fleet,
    spool,
    billing,
    now,
    perVmSeries: config.highCardinality,
  });
  const faults = createFaults({ faults: metaldFaults.all, metrics: telemetry.metrics, logger });

  const { backend } = config;
  const pingBackend = metaldFaults.hypervisor.ping;
  const vmService = createVmService({ fleet, billing, metrics, logger, backend, pingBackend });
  const app = Fastify({ ...telemetry.fastifyOptions, serverFactory: onePort() });
  await app.register(telemetry.fastify, { rpc: { services: [VmService], metricsPrefix: 'metald_api' } });
  const { timeScale } = config;
  await app.register(
    createVmApi({ service: vmService, metrics, timeScale, interceptors: [metaldFaults.service.interceptor] }),
  );
  await app.register(createHostHealth({ version, backend, pingBackend }));
  if (config.simControl) {
    await app.register(async (sim) => {
      requireToken(sim, controlToken);
      addTruthRoute(sim, truth);
      addFaultRoutes(sim, faults);
    });
  }
  const simulatedFleet = await startSimulatedFleet({
    config,
    fleet,
    onStarted(vm) {
      billing.vmStarted(vm);
      // The first scrape of ten thousand VMs would hold everything up for a tenth of a second.
      vmSeries.show(vm.slot);
    },
    service: vmService,
    logger,
  });
  app.addHook('onClose', () => {
    simulatedFleet.stop();
    faults.close();
    return billing.close();
  });

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

/** Opens something; when that fails, what was opened before it does not stay open. */
async function openOrClose<T>(telemetry: Telemetry, open: () => T): Promise<T> {
  try {
    return open();
  } catch (error) {
    await telemetry.close();
    throw error;
  }
}
