import type { ServiceImpl } from '@connectrpc/connect';
import { createFaults, type Faults } from '@vmobs/faults';
import type { Telemetry } from '@vmobs/telemetry';
import type { Closers } from '@vmobs/telemetry/command';
import { connectClientInterceptor } from '@vmobs/telemetry/connect';
import type { VmConfig, VmService } from '@vmobs/wire/vmprovisioner';
import { type Billing, startBilling } from './billing/billing.ts';
import { createBillingClient, createNullClient } from './billing/billing-client.ts';
import type { SampleSink } from './billing/sample-sink.ts';
import { memoryOnly, openSpool } from './billing/spool/open-spool.ts';
import type { Spool } from './billing/spool/spool.ts';
import { createSpoolFailureReport } from './billing/spool-failures.ts';
import type { MetaldConfig } from './config.ts';
import type { MetaldFaults } from './faults/metald-faults.ts';
import { type FaultyComponents, withFaults } from './faults/with-faults.ts';
import { createFleet, type Fleet } from './fleet/fleet.ts';
import { createSimulatedHypervisor, type Hypervisor } from './fleet/hypervisor.ts';
import { createMetaldMetrics, type MetaldMetrics, observeMetald } from './metrics/metrics.ts';
import { createVmService } from './rpc/vm-service.ts';
import { startSimulatedFleet } from './simulation/simulated-fleet.ts';

/** Options of `createComponents`. */
export interface ComponentsOptions {
  readonly config: MetaldConfig;
  readonly telemetry: Telemetry;
  readonly faults: MetaldFaults;
  /** Runs the VMs; `undefined` simulates it. */
  readonly hypervisor: Hypervisor | undefined;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Wraps the batcher, for a fault between it and the sampler. */
  readonly wrapSampleSink: ((sink: SampleSink) => SampleSink) | undefined;
  /** Token that billaged requires; `undefined` sends none. */
  readonly billingToken: string | undefined;
  /** Gets the closer of each component. */
  readonly closers: Closers;
}

/** What stands behind the API of metald. */
export interface MetaldComponents extends Pick<FaultyComponents, 'pingBackend' | 'apiInterceptors'> {
  /** Stops churn, faults and sampling, and stores the open batches: the first step of the end. The API still answers. */
  readonly stopWork: () => void;
  readonly fleet: Fleet<VmConfig>;
  readonly metrics: MetaldMetrics;
  readonly vmService: ServiceImpl<typeof VmService>;
  /** All faults, to switch them on and off. */
  readonly faults: Faults;
}

/**
 * Opens the spool and starts billing and the simulated fleet. The components close in reverse order: the fleet stops changing before
 * billing sends its last batches.
 *
 * @throws SpoolFolderError when the spool folder cannot be used; components that are already open are in `closers`.
 */
export async function createComponents(options: ComponentsOptions): Promise<MetaldComponents> {
  const { config, telemetry, now, closers } = options;
  const { logger } = telemetry;
  const { seed, backend, vms, maxVms } = config;
  const metrics = createMetaldMetrics(telemetry.metrics);
  const faulty = withFaults(componentsWithoutFaults(options), options.faults, config.billingIntervalMs);
  const { hypervisor, pingBackend, apiInterceptors } = faulty;

  const fleet = createFleet<VmConfig>({ maxVms: maxVms + vms, seed, hypervisor, now });
  const spool = openBillingSpool(options, faulty, metrics);
  closers.add(spool.close);
  const billing = startFleetBilling(options, faulty, { fleet, spool, metrics });
  closers.add(billing.close);
  const perVmSeries = config.highCardinality;
  const { vmSeries } = observeMetald(telemetry.metrics, { fleet, spool, billing, now, perVmSeries });
  const faults = createFaults({ faults: options.faults.all, metrics: telemetry.metrics, logger });
  closers.add(faults.close);

  const vmService = createVmService({ fleet, billing, metrics, logger, backend, pingBackend });
  const simulatedFleet = await startSimulatedFleet({ config, fleet, billing, vmSeries, service: vmService, logger });
  closers.add(simulatedFleet.stop);
  function stopWork(): void {
    simulatedFleet.stop();
    // Before the batches are stored: a fault of the spool must not lose them.
    faults.close();
    billing.stop();
  }
  return { fleet, metrics, vmService, faults, pingBackend, apiInterceptors, stopWork };
}

function componentsWithoutFaults({ config, telemetry, hypervisor, now }: ComponentsOptions): FaultyComponents {
  return {
    hypervisor: hypervisor ?? createSimulatedHypervisor(config),
    pingBackend: async () => undefined,
    beforeSpoolUse: () => undefined,
    billingNow: now,
    sampledSlots: (slots) => slots,
    clientInterceptors: [connectClientInterceptor(telemetry.tracer)],
    apiInterceptors: [],
  };
}

/** Whether there is a billaged to send to. */
function sendsBills({ billingEnabled, billingMock }: MetaldConfig): boolean {
  return billingEnabled && !billingMock;
}

function openBillingSpool(
  { config, telemetry, now }: ComponentsOptions,
  { beforeSpoolUse }: FaultyComponents,
  metrics: MetaldMetrics,
): Spool {
  return openSpool({
    folder: sendsBills(config) ? config.spool : memoryOnly,
    limitBytes: config.spoolLimitMib * 1024 ** 2,
    now,
    onFailure: createSpoolFailureReport(metrics, telemetry.logger),
    beforeUse: beforeSpoolUse,
  });
}

function startFleetBilling(
  { config, telemetry, wrapSampleSink, billingToken, closers }: ComponentsOptions,
  { billingNow, sampledSlots, clientInterceptors }: FaultyComponents,
  components: { readonly fleet: Fleet<VmConfig>; readonly spool: Spool; readonly metrics: MetaldMetrics },
): Billing {
  const { logger, tracer } = telemetry;
  const client = sendsBills(config)
    ? createBillingClient(config.billingEndpoint, [...clientInterceptors], billingToken)
    : createNullClient(logger);
  closers.add(client.close);
  return startBilling({
    ...components,
    client,
    logger,
    tracer,
    intervalMs: config.billingIntervalMs,
    batchSize: config.billingBatchSize,
    now: billingNow,
    sampledSlots,
    wrapSampleSink,
  });
}
