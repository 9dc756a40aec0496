import { readSettings, startTelemetry, telemetrySettings } from '@vmobs/telemetry';
import Fastify from 'fastify';
import { onTestFinished } from 'vitest';
import { createChance } from '../chance.ts';
import { requireToken } from '../control-token.ts';
import { addFaultRoutes, type FaultState } from '../fault-routes.ts';
import { createFaults } from '../faults.ts';
import { createServiceFaults } from '../service-faults.ts';

/** A service with the faults that any service can have, on real ports, for the length of one test. */
export async function startFaultyService({ token }: { readonly token?: string } = {}) {
  const { faults: all, aroundMetrics } = createServiceFaults(createChance(() => 0.5));
  const name = { name: 'shop', version: '1.2.3' };
  const lines: Record<string, unknown>[] = [];
  const telemetry = await startTelemetry({
    ...name,
    settings: readSettings(telemetrySettings({ ...name, metricsPort: 0 }), { env: {}, prefixes: [] }),
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
    aroundMetrics,
  });
  const faults = createFaults({ faults: all, metrics: telemetry.metrics, logger: telemetry.logger });
  const app = Fastify(telemetry.fastifyOptions);
  await app.register(telemetry.fastify);
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
    call,
    close: service.close,
    scrape: () => fetch(metricsUrl),
    /** The value of the first series with this beginning; NaN when there is none. */
    async read(series: string): Promise<number> {
      const page = await (await fetch(metricsUrl)).text();
      const line = page.split('\n').find((one) => one.startsWith(series));
      return Number(line?.slice(line.lastIndexOf(' ')));
    },
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
