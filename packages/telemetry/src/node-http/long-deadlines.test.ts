import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HandlerContext } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ShopService } from '../../examples/shop-service.ts';
import { connectDeadlineInterceptor } from '../connect/deadline.ts';
import type { RunningService } from '../lifecycle/serve.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';

let service: RunningService;
let limitMs: number;

/** Takes longer than a timer that overflows, which fires after 1 ms. */
async function placeOrder(_request: unknown, { signal }: HandlerContext) {
  await sleep(20);
  signal.throwIfAborted();
  return { value: 'o-1' };
}

async function start() {
  const { telemetry } = await startTestTelemetry();
  const handler = connectNodeAdapter({
    interceptors: [connectDeadlineInterceptor({ limitMs })],
    routes: (router) => router.service(ShopService, { placeOrder }),
  });
  const rpc = { services: [ShopService], metricsPrefix: 'shop_api' };
  service = await telemetry.listen(createServer(telemetry.nodeHttp(handler, { rpc })), { port: 0 });
}

beforeEach(() => {
  limitMs = 60_000;
});
afterEach(() => service.close());

function place(headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer>): Promise<Response> {
  return fetch(`${service.url}/shop.v1.ShopService/PlaceOrder`, { method: 'POST', headers, body });
}

test.for(['2147483648', '2500000000', '9999999999'])('a Connect client may wait %s ms', async (timeout) => {
  await start();
  const headers = { 'content-type': 'application/json', 'connect-timeout-ms': timeout };
  const response = await place(headers, '"book"');
  expect([response.status, await response.text()]).toEqual([200, '"o-1"']);
});

test.for(['800H', '35792M', '99999999S'])('a gRPC-Web client may wait %s', async (timeout) => {
  await start();
  const headers = { 'content-type': 'application/grpc-web+proto', 'grpc-timeout': timeout };
  const response = await place(headers, new Uint8Array(5));
  expect(await response.text()).toContain('grpc-status: 0');
});

test.for([2 ** 31, 3e9, Number.POSITIVE_INFINITY])('a server may allow %s ms', async (limit) => {
  limitMs = limit;
  await start();
  expect((await place({ 'content-type': 'application/json' }, '"book"')).status).toBe(200);
});
