import { fastifyOptions, fastifyTelemetry } from '@vmobs/telemetry/fastify';
import { startTestTelemetry } from '@vmobs/telemetry/testing';
import { readSeries } from '@vmobs/testing';
import Fastify from 'fastify';
import { onTestFinished } from 'vitest';
import { createChance } from '../chance.ts';
import { addFaultRoutes, type FaultState } from '../fault-routes.ts';
import { createFaults } from '../faults.ts';
import { createServiceFaults } from '../service-faults.ts';
import { requireToken } from '../sim-control.ts';

/** A service with the faults that any service can have, on real ports, for the length of one test. */
export async function startFaultyService({ token }: { readonly token?: string } = {}) {
  const { faults: all, wrapMetrics } = createServiceFaults(createChance(() => 0.5));
  const { telemetry, lines } = await startTestTelemetry({ wrapMetrics });
  const faults = createFaults({ faults: all, metrics: telemetry.metrics, logger: telemetry.logger });
  const app = Fastify(fastifyOptions(telemetry));
  await app.register(fastifyTelemetry(telemetry));
  await app.register(async (sim) => {
    requireToken(sim, token);
    addFaultRoutes(sim, faults);
  });
  app.addHook('onClose', async () => faults.close());
  const service = await telemetry.listen(app, { port: 0 });
  onTestFinished(service.close);

  const metricsUrl = `${telemetry.metricsUrl}/metrics`;
  const call = (method: string, path = '', body?: object | string, headers: Record<string, string> = {}) =>
    fetch(`${service.url}/sim/faults${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  return {
    lines,
    logger: telemetry.logger,
    call,
    close: service.close,
    scrape: () => fetch(metricsUrl),
    /** The value of the first series with this beginning; NaN when there is none. */
    read: (series: string) => readSeries(telemetry.metricsUrl, series),
    async switchOn(fault: string, body: object = {}): Promise<FaultState> {
      const response = await call('PUT', `/${fault}`, body);
      const state = (await response.json()) as FaultState;
      if (!response.ok) throw new Error(JSON.stringify(state));
      return state;
    },
    async switchOff(fault: string): Promise<void> {
      await call('DELETE', `/${fault}`);
    },
  };
}
