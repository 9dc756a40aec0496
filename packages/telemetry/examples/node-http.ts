/*
 * The same shop with node:http alone. Start it with `node node-http.ts`, then:
 *
 *   curl -X POST localhost:8080/orders
 *   curl localhost:9464/metrics
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { startTelemetry } from '@vmobs/telemetry';

const telemetry = await startTelemetry({ name: 'shop', version: '1.0.0', envPrefix: 'SHOP', metricsPort: 9464 });
const orders = telemetry.metrics.counter({
  name: 'shop_orders_total',
  help: 'Orders placed, by outcome.',
  labels: { outcome: ['paid', 'refused'] },
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST' || request.url !== '/orders') {
    response.writeHead(404).end();
    return;
  }
  const id = await telemetry.tracer.startActiveSpan('charge card', async (span) => {
    // The card would be charged here.
    span.end();
    return 'o-1';
  });
  orders.inc({ outcome: 'paid' });
  telemetry.logger.info({ order_id: id }, 'order placed');
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ id }));
}

// node:http has no routes, so this returns the pattern of a request. /health and /ready are built in.
const route = ({ url }: IncomingMessage) => (url === '/orders' ? url : undefined);
const server = createServer(telemetry.nodeHttp(answer, { route }));

telemetry.logger.info({ metrics_url: telemetry.metricsUrl }, 'shop starts');
const port = Number(process.env['SHOP_PORT'] ?? 8080);
process.exit(await telemetry.run(server, { port, portSetting: 'SHOP_PORT' }));
