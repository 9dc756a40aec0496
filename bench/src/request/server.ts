import { startTelemetry } from '@vmobs/telemetry';
import { fastifyOptions, fastifyTelemetry } from '@vmobs/telemetry/fastify';
import Fastify, { type FastifyInstance } from 'fastify';

/*
 * A Fastify service that is measured: `GET /hello/:id` on a free port. `BENCH_SERVER` is `bare`, without any
 * instrumentation, or `vmobs`, with this project's metrics, spans and log lines, set up as the README has it. It sends its
 * address to the parent process, and its CPU usage whenever it is asked.
 */

/** What a measured server sends to the parent process. */
export type ServerMessage = { readonly url: string } | { readonly cpu: NodeJS.CpuUsage };

async function createApp(): Promise<FastifyInstance> {
  if (process.env['BENCH_SERVER'] === 'bare') return Fastify();
  const telemetry = await startTelemetry({ name: 'bench', version: '1.0.0', metricsPort: 0 });
  const app = Fastify(fastifyOptions(telemetry));
  await app.register(fastifyTelemetry(telemetry));
  return app;
}

const app = await createApp();
app.get<{ Params: { id: string } }>('/hello/:id', async (request) => ({ hello: request.params.id }));
const send = (message: ServerMessage) => process.send?.(message);
process.on('message', () => send({ cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit(0));
send({ url: await app.listen({ host: '127.0.0.1', port: 0 }) });
