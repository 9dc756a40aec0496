import { startTelemetry, type Telemetry } from '@vmobs/telemetry';
import { fastifyOptions, fastifyTelemetry, h2cServer } from '@vmobs/telemetry/fastify';
import { BillingService } from '@vmobs/wire/billing';
import Fastify from 'fastify';
import { onTestFinished } from 'vitest';
import { billagedDefaults } from '../../config.ts';
import { createBillagedFaults, withFaults } from '../../faults/with-faults.ts';
import { addUsageRoute } from '../../http/usage.ts';
import { createBillagedMetrics, observeBillaged } from '../../metrics.ts';
import { type AdmissionOptions, createAdmission } from '../admission.ts';
import { addBillingApi } from '../billing-api.ts';
import { createFakeLedger, type FakeLedger } from './fake-ledger.ts';

/** Options of `startTestApi`. */
export interface TestApiOptions extends Partial<Omit<AdmissionOptions, 'metrics'>> {
  readonly maxRequestBytes?: number;
  readonly ledger?: FakeLedger;
  readonly logLevel?: 'debug' | 'info';
  /** Unix time in milliseconds. */
  readonly now?: () => number;
}

/** The API of billaged on a free port, with a ledger that stores nothing. */
export interface TestApi {
  readonly url: string;
  readonly ledger: FakeLedger;
  readonly telemetry: Telemetry;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  /** The value of a series on `/metrics`, by its name and labels as written there; 0 if it is absent. */
  metric(series: string): Promise<number>;
}

/** Starts the API for the length of one test. */
export async function startTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const { ledger = createFakeLedger(), logLevel = 'info', now = Date.now } = options;
  const maxRequestBytes = options.maxRequestBytes ?? billagedDefaults.maxRequestBytes;
  const lines: Record<string, unknown>[] = [];
  const telemetry = await startTelemetry({
    name: 'billaged',
    version: '0.0.0',
    settings: { ...billagedDefaults, logLevel, metricsPort: 0 },
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  const metrics = createBillagedMetrics(telemetry.metrics);
  const admission = createAdmission({ metrics, maxBatches: 100, maxBytes: 1e8, ...options });
  observeBillaged(telemetry.metrics, { ledger, admission });
  const app = Fastify({ ...fastifyOptions(telemetry), serverFactory: h2cServer() });
  await app.register(fastifyTelemetry(telemetry), {
    rpc: { services: [BillingService], metricsPrefix: 'billaged_api' },
  });
  const { billing: faults } = withFaults(ledger, createBillagedFaults({ seed: 1 }));
  const { logger } = telemetry;
  await addBillingApi(app, {
    ledger,
    metrics,
    logger,
    admission,
    maxRequestBytes,
    now,
    faults,
    billingToken: undefined,
  });
  addUsageRoute(app, { ledger, metrics });
  const service = await telemetry.listen(app, { port: 0 });
  onTestFinished(() => service.close());
  return {
    url: service.url,
    ledger,
    telemetry,
    lines,
    async metric(series) {
      const page = await (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
      const line = page.split('\n').find((text) => text.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.slice(series.length + 1));
    },
  };
}
