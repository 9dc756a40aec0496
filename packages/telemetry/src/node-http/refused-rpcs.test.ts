import { createServer } from 'node:http';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ShopService } from '../../examples/shop-service.ts';
import { connectServerInterceptor, watchRefusals } from '../connect/server.ts';
import type { RunningService } from '../lifecycle/serve.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { startTestTelemetry } from '../testing/start-test-telemetry.ts';

let telemetry: Telemetry;
let service: RunningService;
let lines: Record<string, unknown>[];

beforeEach(async () => {
  ({ telemetry, lines } = await startTestTelemetry());
  const handler = connectNodeAdapter({
    requestGate: watchRefusals,
    interceptors: [connectServerInterceptor()],
    routes: (router) => router.service(ShopService, { placeOrder: () => ({ value: 'o-1' }) }),
  });
  const rpc = { services: [ShopService], metricsPrefix: 'shop_api' };
  service = await telemetry.listen(createServer(telemetry.nodeHttp(handler, { rpc })), { port: 0 });
});
afterEach(() => service.close());

const grpcWeb = { 'content-type': 'application/grpc-web+proto' };
const json = { 'content-type': 'application/json' };

test.for([
  ['no message', grpcWeb, new Uint8Array()],
  ['two messages', grpcWeb, new Uint8Array(10)],
  ['an unknown compression of gRPC', { ...grpcWeb, 'grpc-encoding': 'zip' }, new Uint8Array(5)],
  ['an unknown compression of Connect', { ...json, 'content-encoding': 'rot13' }, '"obbx"'],
] as const)('an RPC with %s is the fault of its client', async ([_what, headers, body]) => {
  const request = { method: 'POST', headers, body };
  for (let index = 0; index < 3; index += 1) {
    await (await fetch(`${service.url}/shop.v1.ShopService/PlaceOrder`, request)).arrayBuffer();
  }
  const errors = () => lines.filter(({ msg }) => msg === 'rpc error');
  await expect.poll(errors, { timeout: 100_000 }).toHaveLength(3);
  expect(errors()).toMatchObject(Array(3).fill({ level: 'warn', code: 'unimplemented' }));
  const page = await (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
  expect(page).toContain('shop_api_requests_total{method="PlaceOrder",code="unimplemented"} 3\n');
  expect(page).toContain('shop_api_errors_total{method="PlaceOrder",code="unimplemented"} 0\n');
});
