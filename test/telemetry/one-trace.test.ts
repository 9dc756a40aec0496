import { eventually, type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validConfig } from '../support/clients.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';

const kinds = { internal: 1, server: 2, client: 3 };

let receiver: OtlpReceiver;
let metald: ServiceProcess;
let billaged: ServiceProcess;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  billaged = await startServiceProcess('billaged-sim', {
    BILLAGED_OTEL_ENABLED: 'true',
    BILLAGED_OTEL_ENDPOINT: receiver.endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  metald = await startServiceProcess('metald-sim', {
    UNKEY_METALD_OTEL_ENABLED: 'true',
    UNKEY_METALD_OTEL_ENDPOINT: receiver.endpoint,
    UNKEY_METALD_BILLING_ENDPOINT: billaged.url,
    UNKEY_METALD_BILLING_INTERVAL: '10ms',
    UNKEY_METALD_BILLING_BATCH_SIZE: '10',
    UNKEY_METALD_SIM_TIME_SCALE: '1000',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
});
afterAll(async () => {
  expect(await metald.end()).toBe(0);
  expect(await billaged.end()).toBe(0);
  await receiver.close();
});

const trace = { boot: '0af7651916cd43dd8448eb211c80319c', create: '1af7651916cd43dd8448eb211c80319c' };
const clientSpanId = 'b7ad6b7169203331';

/** Calls metald as a client does that has a span of its own, 01 meaning sampled. */
async function call(method: string, traceId: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${metald.url}/vmprovisioner.v1.VmService/${method}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      traceparent: `00-${traceId}-${clientSpanId}-01`,
      baggage: 'tenant_id=acme',
    },
    body: JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

function spanOf(service: string, name: string, kind: number, traceId?: string): Promise<ReceivedSpan> {
  const find = () =>
    receiver.spans.find(
      (span) =>
        span.service === service && span.name === name && span.kind === kind && (!traceId || span.traceId === traceId),
    );
  return eventually(find, (span) => span !== undefined).then((span) => {
    if (span === undefined) throw new Error('eventually gives what it waited for');
    return span;
  });
}

test('one trace crosses from the client through metald to billaged', async () => {
  const { vmId } = await call('CreateVm', trace.create, { config: validConfig });
  await call('BootVm', trace.boot, { vmId });

  const boot = await spanOf('metald', 'vmprovisioner.v1.VmService/BootVm', kinds.server, trace.boot);
  const notice = await spanOf('metald', 'billing.v1.BillingService/NotifyVmStarted', kinds.client, trace.boot);
  const started = await spanOf('billaged', 'billing.v1.BillingService/NotifyVmStarted', kinds.server, trace.boot);
  expect(boot.parentSpanId).toBe(clientSpanId);
  expect(notice.parentSpanId).toBe(boot.spanId);
  expect(started.parentSpanId).toBe(notice.spanId);
  expect(boot.attributes).toMatchObject({
    'rpc.system.name': 'connectrpc',
    'rpc.method': 'vmprovisioner.v1.VmService/BootVm',
    'rpc.status_code': 'ok',
    'http.request.method': 'POST',
    'http.route': '/vmprovisioner.v1.VmService/BootVm',
    vm_id: vmId,
  });

  // The lines of the request carry the trace, on both sides, with the span that was active where they were written.
  const linesOf = (service: ServiceProcess) => service.log().filter((line) => line['trace_id'] === trace.boot);
  const ofMetald = await eventually(
    () => linesOf(metald),
    (lines) => ['rpc success', 'vm operation'].every((wanted) => lines.some(({ msg }) => msg === wanted)),
  );
  expect(ofMetald).toContainEqual(expect.objectContaining({ msg: 'rpc success', span_id: boot.spanId, level: 'info' }));
  expect(ofMetald).toContainEqual(expect.objectContaining({ msg: 'vm operation', span_id: boot.spanId, vm_id: vmId }));
  const ofBillaged = await eventually(
    () => linesOf(billaged),
    (lines) => lines.some(({ msg }) => msg === 'VM started'),
  );
  expect(ofBillaged).toContainEqual(
    expect.objectContaining({ msg: 'VM started', span_id: started.spanId, customer_id: 'acme' }),
  );
});

test('a batch is sent in a trace of its own', async () => {
  const batch = await spanOf('metald', 'metald.billing.send_batch', kinds.internal);
  const client = await spanOf('metald', 'billing.v1.BillingService/SendMetricsBatch', kinds.client, batch.traceId);
  const server = await spanOf('billaged', 'billing.v1.BillingService/SendMetricsBatch', kinds.server, batch.traceId);
  expect(batch.parentSpanId).toBe('');
  expect(client.parentSpanId).toBe(batch.spanId);
  expect(server.parentSpanId).toBe(client.spanId);
  expect(Object.values(trace)).not.toContain(batch.traceId);
});

test('a request has one server span', async () => {
  await spanOf('metald', 'vmprovisioner.v1.VmService/CreateVm', kinds.server, trace.create);
  const spans = receiver.spans.filter(({ traceId, kind }) => traceId === trace.create && kind === kinds.server);
  expect(spans).toHaveLength(1);
});

test('every line of a log has the fields that the guide asks for', () => {
  for (const line of [...metald.log(), ...billaged.log()]) {
    expect(line).toMatchObject({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/),
      level: expect.stringMatching(/^(debug|info|warn|error|fatal)$/),
      service: expect.stringMatching(/^(metald|billaged)$/),
      msg: expect.any(String),
    });
  }
});
