import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validConfig } from '../support/clients.ts';
import { type RunningStack, startRunningStack } from './running-stack.ts';

let running: RunningStack;

const traceId = '0af7651916cd43dd8448eb211c80319c';

beforeAll(async () => {
  running = await startRunningStack({ speed: 15 });
  const { vmId } = await call('CreateVm', '1af7651916cd43dd8448eb211c80319c', { config: validConfig });
  await call('BootVm', traceId, { vmId });
});
afterAll(() => running.close());

/** Calls metald within a sampled trace. */
async function call(method: string, trace: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${running.metaldUrl()}/vmprovisioner.v1.VmService/${method}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      baggage: 'tenant_id=acme',
      traceparent: `00-${trace}-b7ad6b7169203331-01`,
    },
    body: JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

interface JaegerTrace {
  readonly spans: readonly {
    readonly spanID: string;
    readonly operationName: string;
    readonly processID: string;
    readonly references: readonly { readonly spanID: string }[];
  }[];
  readonly processes: Readonly<Record<string, { readonly serviceName: string }>>;
}

test('the trace of a request is in Jaeger with the spans of both services in order', async () => {
  const read = async () => (await running.ask<{ data?: JaegerTrace[] }>('jaeger', `/api/traces/${traceId}`)).data?.[0];
  const trace = await eventually(read, (found) => (found?.spans.length ?? 0) >= 3);
  const spans = trace?.spans ?? [];
  const path: string[] = [];
  let parent: string | undefined = 'b7ad6b7169203331';
  while (parent !== undefined) {
    const span = spans.find(({ references }) => references.some(({ spanID }) => spanID === parent));
    if (span !== undefined) path.push(`${trace?.processes[span.processID]?.serviceName} ${span.operationName}`);
    parent = span?.spanID;
  }
  expect(path).toEqual([
    'metald vmprovisioner.v1.VmService/BootVm',
    'metald billing.v1.BillingService/NotifyVmStarted',
    'billaged billing.v1.BillingService/NotifyVmStarted',
  ]);
});

test.each([
  ['metald', 'vm operation'],
  ['billaged', 'VM started'],
])('the lines of %s are in the log store under the same trace', async (service, message) => {
  const read = () =>
    running.askLogs<Record<string, unknown>>(`{service.name="${service}"} trace_id:="${traceId}" | limit 100`);
  const lines = await eventually(read, (found) => found.some(({ _msg }) => _msg === message));
  expect(lines.every(({ trace_id }) => trace_id === traceId)).toBe(true);
});

test('the collector makes metrics of spans with exemplars that lead to their traces', async () => {
  const metric = 'traces_span_metrics_duration_milliseconds_bucket{service_name="metald"}';
  const path = `/api/v1/query_exemplars?start=${Date.now() / 1_000 - 600}&end=${Date.now() / 1_000 + 600}&query=${encodeURIComponent(metric)}`;
  interface Answer {
    readonly data: readonly { readonly exemplars: readonly { readonly labels: { readonly trace_id?: string } }[] }[];
  }
  const read = async () => {
    const { data } = await running.ask<Answer>('prometheus', path);
    return data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels.trace_id));
  };
  const traces = await eventually(read, (ids) => ids.includes(traceId));
  expect(traces).toContain(traceId);
});

test('Jaeger answers on the performance of a service', async () => {
  const path =
    '/api/metrics/calls?service=metald&quantile=0.95&lookback=600000&step=5000&ratePer=60000&spanKind=server';
  interface Answer {
    readonly metrics?: readonly { readonly metricPoints: readonly unknown[] }[];
  }
  const answer = await eventually(
    () => running.ask<Answer>('jaeger', path),
    ({ metrics }) => (metrics?.[0]?.metricPoints.length ?? 0) > 0,
  );
  expect(answer.metrics?.[0]?.metricPoints.length).toBeGreaterThan(0);
});
