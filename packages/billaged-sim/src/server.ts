import { addFaultRoutes, requireToken } from '@vmobs/faults';
import type { Telemetry } from '@vmobs/telemetry';
import type { Closers } from '@vmobs/telemetry/command';
import { fastifyOptions, fastifyTelemetry, h2cServer } from '@vmobs/telemetry/fastify';
import { BillingService } from '@vmobs/wire/billing';
import Fastify, { type FastifyInstance } from 'fastify';
import type { BillagedComponents } from './components.ts';
import type { BillagedConfig } from './config.ts';
import { addStatsRoute } from './http/stats.ts';
import { addUsageRoute } from './http/usage.ts';
import { addBillingApi } from './rpc/billing-api.ts';

/** Options of `createServer`. */
export interface ServerOptions {
  readonly components: BillagedComponents;
  readonly config: BillagedConfig;
  readonly telemetry: Telemetry;
  /** Token that `/sim/` requires; `undefined` requires none. */
  readonly controlToken: string | undefined;
  /** Token that billing RPCs require; `undefined` requires none. */
  readonly billingToken: string | undefined;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Closes the components when the application closes. */
  readonly closers: Closers;
}

/** Makes the application that serves the API: billing RPCs, `/stats`, `/v1/usage` and, if it is on, `/sim/`. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { components, config, telemetry, controlToken, billingToken, now, closers } = options;
  const { ledger, metrics, admission, billingFaults, faults } = components;
  const { maxRequestBytes, aggregationIntervalMs } = config;
  const { logger } = telemetry;
  const app = Fastify({ ...fastifyOptions(telemetry), serverFactory: h2cServer() });
  await app.register(fastifyTelemetry(telemetry), {
    rpc: { services: [BillingService], metricsPrefix: 'billaged_api' },
  });
  const api = { ledger, metrics, logger, admission, maxRequestBytes, now, faults: billingFaults, billingToken };
  await addBillingApi(app, api);
  addStatsRoute(app, { ledger, aggregationIntervalMs });
  addUsageRoute(app, { ledger, metrics });
  if (config.simControl) {
    await app.register(async (sim) => {
      requireToken(sim, controlToken);
      addFaultRoutes(sim, faults);
    });
  }
  app.addHook('onClose', closers.close);
  return app;
}
