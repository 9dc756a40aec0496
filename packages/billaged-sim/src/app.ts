import { readControlToken } from '@vmobs/faults';
import { readTokenFile } from '@vmobs/settings';
import type { RunningService, Telemetry, TelemetryOptions } from '@vmobs/telemetry';
import { createClosers, startCommandTelemetry } from '@vmobs/telemetry/command';
import type { FastifyInstance } from 'fastify';
import { createComponents } from './components.ts';
import { type BillagedConfig, billagedDefaults, billagedPrefixes, version } from './config.ts';
import { type BillagedFaults, createBillagedFaults } from './faults/with-faults.ts';
import { inMemory, type UsageLedger } from './ledger/ledger.ts';
import { createServer } from './server.ts';

/** Options of `startBillaged`: any setting, and replacements for the outside world in tests. */
export interface BillagedOptions extends Partial<BillagedConfig>, Pick<TelemetryOptions, 'logOutput'> {
  /** A ledger to use instead of the one that the setting `database` names. The caller closes it. */
  readonly ledger?: UsageLedger;
  /** Unix time in milliseconds. @default Date.now */
  readonly now?: () => number;
  /** Ends a start that is not done: the port of the API is not opened then. @default never */
  readonly signal?: AbortSignal;
  /** Called with the application when its routes are there; an error fails the start. */
  readonly onServer?: (app: FastifyInstance) => void;
}

/** A simulated billaged that runs. */
export interface Billaged extends RunningService {
  readonly telemetry: Telemetry;
  /** Copies the ledger to the file of the setting `backup`, and logs how it went. */
  readonly backUp: () => Promise<void>;
}

/**
 * Starts a simulated billaged in this process. Nothing is read from the environment, and without `database` the ledger
 * lives as long as the service. A start that fails leaves nothing open.
 *
 * @example
 * const billaged = await startBillaged({ port: 0, metricsPort: 0 });
 *
 * @throws ListenError if a port is in use.
 * @throws LedgerOpenError if the ledger cannot be opened.
 * @throws ConfigurationError if the file of a token cannot be read, or its token is too short.
 */
export async function startBillaged(options: BillagedOptions = {}): Promise<Billaged> {
  const { ledger, now = Date.now, logOutput, onServer, signal, ...settings } = options;
  const config: BillagedConfig = { ...billagedDefaults, database: inMemory, ...settings };
  const controlToken = config.simControl ? readControlToken(config.simControlTokenFile) : undefined;
  const billingToken = readTokenFile('BILLAGED_BILLING_TOKEN_FILE', config.billingTokenFile);
  const faults = createBillagedFaults(config);

  const telemetry = await openTelemetry(config, faults, logOutput);
  // The components close in the application's close hook. The telemetry closes after it: `listen` does that at a normal end.
  const closers = createClosers();
  const start = createClosers();
  start.add(telemetry.close);
  start.add(closers.close);
  return start.closeOnError(async () => {
    const components = await createComponents({ config, telemetry, faults, ledger, now, closers });
    const app = await createServer({ components, config, telemetry, controlToken, billingToken, now, closers });
    onServer?.(app);
    const service = await telemetry.listen(app, {
      ...(signal && { signal }),
      host: config.address,
      port: config.port,
      portSetting: 'UNKEY_BILLAGED_PORT or BILLAGED_PORT or --port',
    });
    telemetry.logger.info({ url: service.url, metrics_url: telemetry.metricsUrl, version }, 'billaged is ready');
    return { ...service, telemetry, backUp: components.backUp };
  });
}

function openTelemetry(
  settings: BillagedConfig,
  faults: BillagedFaults,
  logOutput: TelemetryOptions['logOutput'],
): Promise<Telemetry> {
  return startCommandTelemetry({
    settings,
    prefixes: billagedPrefixes,
    resourceAttributes: { 'service.namespace': 'unkey' },
    wrapMetrics: faults.service.wrapMetrics,
    ...(logOutput && { logOutput }),
  });
}
