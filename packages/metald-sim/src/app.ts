import { readControlToken } from '@vmobs/faults';
import { readTokenFile } from '@vmobs/settings';
import type { RunningService, Telemetry, TelemetryOptions } from '@vmobs/telemetry';
import { createClosers, startCommandTelemetry } from '@vmobs/telemetry/command';
import type { FastifyInstance } from 'fastify';
import type { SampleSink } from './billing/sample-sink.ts';
import { memoryOnly } from './billing/spool/open-spool.ts';
import { createComponents } from './components.ts';
import { billingTokenVariable, type MetaldConfig, metaldDefaults, metaldPrefixes, version } from './config.ts';
import { createMetaldFaults, type MetaldFaults } from './faults/metald-faults.ts';
import type { Hypervisor } from './fleet/hypervisor.ts';
import { createServer } from './server.ts';

/** Options of `startMetald`: any setting, and replacements for the outside world in tests. */
export interface MetaldOptions extends Partial<MetaldConfig>, Pick<TelemetryOptions, 'logOutput'> {
  /** Runs the VMs. @default simulated */
  readonly hypervisor?: Hypervisor;
  /** Unix time in milliseconds. @default Date.now */
  readonly now?: () => number;
  /** Wraps the batcher, for a fault between it and the sampler: the proof that a bill shows it. */
  readonly wrapSampleSink?: (sink: SampleSink) => SampleSink;
  /** Ends a start that is not done: the port of the API is not opened then. @default never */
  readonly signal?: AbortSignal;
  /** Is called with the application before it listens. */
  readonly onServer?: (app: FastifyInstance) => void;
}

/** A simulated metald that runs. */
export interface Metald extends RunningService {
  readonly telemetry: Telemetry;
}

/**
 * Starts a simulated metald in this process. Nothing is read from the environment, and billing data stays in memory
 * unless a folder is given as `spool`. A failed start leaves nothing open.
 *
 * @example
 * const metald = await startMetald({ port: 0, metricsPort: 0, billingEndpoint: billaged.url });
 *
 * @throws ListenError if a port cannot be opened.
 * @throws SpoolFolderError if the spool folder cannot be used.
 * @throws ConfigurationError if the file of a token cannot be read, or its token is too short.
 */
export async function startMetald(options: MetaldOptions = {}): Promise<Metald> {
  const { hypervisor, now = Date.now, wrapSampleSink, logOutput, onServer, signal, ...settings } = options;
  const config: MetaldConfig = { ...metaldDefaults, spool: memoryOnly, ...settings };
  const controlToken = config.simControl ? readControlToken(config.simControlTokenFile) : undefined;
  const billingToken = readTokenFile(billingTokenVariable, config.billingTokenFile);
  const faults = createMetaldFaults(config);

  const telemetry = await openTelemetry(config, faults, logOutput);
  // The components close in the application's close hook. The telemetry closes after it: `listen` does that at a normal end.
  const closers = createClosers();
  const start = createClosers();
  start.add(telemetry.close);
  start.add(closers.close);
  return start.closeOnError(async () => {
    const outside = { hypervisor, now, wrapSampleSink, billingToken };
    const components = await createComponents({ config, telemetry, faults, ...outside, closers });
    const app = await createServer({ components, config, telemetry, controlToken, closers });
    onServer?.(app);
    const service = await telemetry.listen(app, {
      ...(signal && { signal }),
      onEnding: components.stopWork,
      host: config.address,
      port: config.port,
      portSetting: 'UNKEY_METALD_PORT or --port',
    });
    const { metricsUrl: metrics_url, logger } = telemetry;
    const { billingEndpoint: billing_endpoint } = config;
    logger.info({ url: service.url, metrics_url, billing_endpoint, version }, 'metald is ready');
    return { ...service, telemetry };
  });
}

function openTelemetry(
  settings: MetaldConfig,
  faults: MetaldFaults,
  logOutput: TelemetryOptions['logOutput'],
): Promise<Telemetry> {
  return startCommandTelemetry({
    settings,
    prefixes: metaldPrefixes,
    resourceAttributes: { 'service.namespace': 'unkey' },
    wrapMetrics: faults.service.wrapMetrics,
    ...(logOutput && { logOutput }),
  });
}
