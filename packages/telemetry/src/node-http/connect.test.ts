import { createServer } from 'node:http';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { connectNodeAdapter, createConnectTransport } from '@connectrpc/connect-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ShopService } from '../../examples/shop-service.ts';
import { connectServerInterceptor } from '../connect/server.ts';
import type { RunningService } from '../lifecycle/serve.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';

const procedure = 'shop.v1.ShopService/PlaceOrder';

let telemetry: Telemetry;
let service: RunningService;
let lines: Record<string, unknown>[];
let fault: Error | undefined;

beforeEach(async () => {
  fault = undefined;
  ({ telemetry, lines } = await startTestTelemetry());
  const handler = connectNodeAdapter({
    interceptors: [connectServerInterceptor()],
    routes: (router) =>
      router.service(ShopService, {
        placeOrder() {
          if (fault !== undefined) throw fault;
          return { value: 'o-1' };
        },
      }),
  });
  const rpc = { services: [ShopService], metricsPrefix: 'shop_api' };
  service = await telemetry.listen(createServer(telemetry.nodeHttp(handler, { rpc })), { port: 0 });
});
afterEach(() => service.close());

/** Places an order and waits for its line. */
async function placeOrder() {
  const client = createClient(ShopService, createConnectTransport({ baseUrl: service.url, httpVersion: '1.1' }));
  await client.placeOrder({ value: 'book' }).catch(() => undefined);
  const found = () => lines.find((line) => line['procedure'] === procedure);
  await expect.poll(found, { timeout: 100_000 }).toBeDefined();
  const page = await (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
  return { line: found(), page };
}

test('an RPC that succeeds is an info line', async () => {
  const { line, page } = await placeOrder();
  expect(line).toMatchObject({ level: 'info', msg: 'rpc success', code: 'ok' });
  expect(page).toContain('shop_api_requests_total{method="PlaceOrder",code="ok"} 1\n');
});

test.for([
  [new ConnectError('no such article', Code.NotFound), 'warn', 'not_found'],
  [new ConnectError('too many orders', Code.ResourceExhausted), 'warn', 'resource_exhausted'],
  [new ConnectError('the till is broken', Code.Internal), 'error', 'internal'],
  [new ConnectError('closed', Code.Unavailable), 'error', 'unavailable'],
  [new TypeError('undefined is not a till'), 'error', 'internal'],
] as const)('%s is a line of level %s', async ([error, level, code]) => {
  fault = error;
  const { line, page } = await placeOrder();
  expect(line).toMatchObject({ level, msg: 'rpc error', code });
  expect(JSON.stringify(line)).toContain(error.message);
  expect(page).toContain(`shop_api_requests_total{method="PlaceOrder",code="${code}"} 1\n`);
});

test('a path that is not a procedure is unmatched', async () => {
  expect((await fetch(`${service.url}/shop.v1.ShopService/Nothing`, { method: 'POST' })).status).toBe(404);
  const found = () => lines.find(({ msg }) => msg === 'http request');
  await expect.poll(found, { timeout: 100_000 }).toMatchObject({ level: 'warn', route: 'unmatched', status: 404 });
});
