/*
 * The same shop with Connect on node:http. Start it with `node connect.ts`, then:
 *
 *   curl localhost:8080/shop.v1.ShopService/PlaceOrder --json '"book"'
 *   curl localhost:9464/metrics
 */
import { createServer } from 'node:http';
import { Code, ConnectError } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { startTelemetry } from '@vmobs/telemetry';
import { connectServerInterceptor } from '@vmobs/telemetry/connect';
import { ShopService } from './shop-service.ts';

const telemetry = await startTelemetry({ name: 'shop', version: '1.0.0', envPrefix: 'SHOP', metricsPort: 9464 });
const orders = telemetry.metrics.counter({
  name: 'shop_orders_total',
  help: 'Orders placed, by outcome.',
  labels: { outcome: ['paid', 'refused'] },
});

const handler = connectNodeAdapter({
  interceptors: [connectServerInterceptor()],
  routes: (router) =>
    router.service(ShopService, {
      async placeOrder({ value: article }) {
        if (article === '') throw new ConnectError('an order names an article', Code.InvalidArgument);
        await telemetry.tracer.startActiveSpan('charge card', async (span) => span.end());
        orders.inc({ outcome: 'paid' });
        telemetry.logger.info({ article }, 'order placed');
        return { value: 'o-1' };
      },
    }),
});
const rpc = { services: [ShopService], metricsPrefix: 'shop_api' };
const server = createServer(telemetry.nodeHttp(handler, { rpc }));

telemetry.logger.info({ metrics_url: telemetry.metricsUrl }, 'shop starts');
const port = Number(process.env['SHOP_PORT'] ?? 8080);
process.exit(await telemetry.run(server, { port, portSetting: 'SHOP_PORT' }));
