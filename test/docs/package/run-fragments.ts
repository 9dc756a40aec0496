import { once } from 'node:events';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { startTelemetry } from '@vmobs/telemetry';
import { fastifyOptions } from '@vmobs/telemetry/fastify';
import Fastify from 'fastify';

/*
 * Runs pieces of code that the documentation shows, given as paths, each with what its reader would have by then. It is
 * copied into the project of a user and runs there.
 */

const billing = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
await once(billing, 'listening');
const address = billing.address();
if (address === null || typeof address === 'string') throw new TypeError('billing listens on no port');

const fragments = process.argv.slice(2);
for (const fragment of fragments) {
  const telemetry = await startTelemetry({ name: 'shop', version: '1.0.0', metricsPort: 0 });
  const app = Fastify(fastifyOptions(telemetry));
  Object.assign(globalThis, {
    telemetry,
    app,
    billingUrl: `http://127.0.0.1:${address.port}`,
    routes: () => undefined,
  });
  try {
    await import(pathToFileURL(fragment).href);
    await app.ready();
  } catch (cause) {
    throw new Error(`${fragment} does not run`, { cause });
  }
  await app.close();
  await telemetry.close();
}
billing.close();
process.stdout.write(`${fragments.length} fragments have run\n`);
