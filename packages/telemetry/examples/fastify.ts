/*
 * A shop with Fastify. Start it with `node fastify.ts`, then:
 *
 *   curl -X POST localhost:8080/orders
 *   curl localhost:9464/metrics
 *
 * Ctrl-C shuts it down gracefully. SHOP_OTEL_ENABLED=true sends its traces to a collector on localhost:4318.
 */
import { startTelemetry } from '@vmobs/telemetry';
import { fastifyOptions, fastifyTelemetry } from '@vmobs/telemetry/fastify';
import Fastify from 'fastify';

const telemetry = await startTelemetry({ name: 'shop', version: '1.0.0', envPrefix: 'SHOP', metricsPort: 9464 });
const orders = telemetry.metrics.counter({
  name: 'shop_orders_total',
  help: 'Orders placed, by outcome.',
  labels: { outcome: ['paid', 'refused'] },
});

const app = Fastify(fastifyOptions(telemetry));
await app.register(fastifyTelemetry(telemetry));

app.post('/orders', async (request) => {
  const id = await telemetry.tracer.startActiveSpan('charge card', async (span) => {
    // The card would be charged here.
    span.end();
    return 'o-1';
  });
  orders.inc({ outcome: 'paid' });
  request.log.info({ order_id: id }, 'order placed');
  return { id };
});

telemetry.logger.info({ metrics_url: telemetry.metricsUrl }, 'shop starts');
const port = Number(process.env['SHOP_PORT'] ?? 8080);
process.exit(await telemetry.run(app, { port, portSetting: 'SHOP_PORT' }));
