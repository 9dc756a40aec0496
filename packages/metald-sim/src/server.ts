import { addFaultRoutes, requireToken } from '@vmobs/faults';
import type { Telemetry } from '@vmobs/telemetry';
import type { Closers } from '@vmobs/telemetry/command';
import { fastifyOptions, fastifyTelemetry, h2cServer } from '@vmobs/telemetry/fastify';
import { VmService } from '@vmobs/wire/vmprovisioner';
import Fastify, { type FastifyInstance } from 'fastify';
import type { MetaldComponents } from './components.ts';
import { type MetaldConfig, version } from './config.ts';
import { addTruthRoute } from './http/truth.ts';
import { createHostHealth } from './rpc/host-health.ts';
import { createVmApi } from './rpc/vm-api.ts';

/** Options of `createServer`. */
export interface ServerOptions {
  readonly components: MetaldComponents;
  readonly config: MetaldConfig;
  readonly telemetry: Telemetry;
  /** Token that `/sim/` requires; `undefined` requires none. */
  readonly controlToken: string | undefined;
  /** Closes the components when the application closes. */
  readonly closers: Closers;
}

/** Makes the application that serves the API: RPCs about VMs, `/_/health` and, if it is on, `/sim/`. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { components, config, telemetry, controlToken, closers } = options;
  const { fleet, metrics, vmService: service, faults, pingBackend, apiInterceptors: interceptors } = components;
  const { timeScale, backend } = config;
  const app = Fastify({ ...fastifyOptions(telemetry), serverFactory: h2cServer() });
  await app.register(fastifyTelemetry(telemetry), { rpc: { services: [VmService], metricsPrefix: 'metald_api' } });
  await app.register(createVmApi({ service, metrics, timeScale, interceptors }));
  await app.register(createHostHealth({ version, backend, pingBackend }));
  if (config.simControl) {
    await app.register(async (sim) => {
      requireToken(sim, controlToken);
      addTruthRoute(sim, fleet.used);
      addFaultRoutes(sim, faults);
    });
  }
  app.addHook('onClose', closers.close);
  return app;
}
