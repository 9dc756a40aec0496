import { once } from 'node:events';
import { createServer } from 'node:http';
import { type CallOptions, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { connectClientInterceptor } from '@vmobs/telemetry/connect';
import { startOtlpReceiver } from '@vmobs/testing';
import { VmService } from '@vmobs/wire/vmprovisioner';
import { expect, onTestFinished, test } from 'vitest';
import { startTracedService } from './traced-service.ts';

/** Calls a server that never answers, and gives the spans that are left when the call has failed. */
async function spansOfCall(options: CallOptions, onArrival: () => void = () => undefined) {
  const receiver = await startOtlpReceiver();
  const { telemetry } = await startTracedService({ SHOP_OTEL_ENDPOINT: receiver.endpoint });
  const server = createServer(onArrival).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
    return receiver.close();
  });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('listens on no port');
  const transport = createConnectTransport({
    baseUrl: `http://127.0.0.1:${address.port}`,
    httpVersion: '1.1',
    interceptors: [connectClientInterceptor(telemetry.tracer)],
  });
  await expect(createClient(VmService, transport).listVms({}, options)).rejects.toThrow();
  await telemetry.close();
  return receiver.spans;
}

/** The only span of a call that ended with this code. */
function endedWith(code: string) {
  const attributes = { 'rpc.status_code': code, 'error.type': code, 'server.address': '127.0.0.1' };
  const span = { kind: 3, name: 'vmprovisioner.v1.VmService/ListVms', attributes: expect.objectContaining(attributes) };
  return [expect.objectContaining(span)];
}

test('the client span of an RPC that its caller gives up ends as canceled', async () => {
  const caller = new AbortController();
  const spans = await spansOfCall({ signal: caller.signal }, () => caller.abort());
  expect(spans).toEqual(endedWith('canceled'));
});

test('the client span of an RPC whose time is over ends as deadline_exceeded', async () => {
  expect(await spansOfCall({ timeoutMs: 50 })).toEqual(endedWith('deadline_exceeded'));
});
