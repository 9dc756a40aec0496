import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { startTelemetry } from '@vmobs/telemetry';
import { BillingService, type SendMetricsBatchRequest } from '@vmobs/wire/billing';
import { afterEach, expect, test } from 'vitest';
import { metaldDefaults } from '../config.ts';
import { initialUsage } from '../fleet/usage.ts';
import { createMetaldMetrics } from '../metrics.ts';
import { createDeliveries } from './deliveries.ts';
import { takeSample } from './sample.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const samples = [1_000, 2_000, 3_000].map((unixMs) => takeSample(initialUsage(1024 ** 3), unixMs));
const batch = { vmId: 'ud-1', customerId: 'acme', samples };

/** Deliveries to a billaged that answers as it is told, with real metrics and logs. */
async function createTestDeliveries(answer: () => { success: boolean; message?: string }) {
  const lines: Record<string, unknown>[] = [];
  const telemetry = await startTelemetry({
    name: 'metald',
    version: '0',
    settings: { ...metaldDefaults, metricsPort: 0 },
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  closers.push(telemetry.close);
  const received: SendMetricsBatchRequest[] = [];
  const transport = createRouterTransport(({ service }) => {
    service(BillingService, {
      sendMetricsBatch(request) {
        received.push(request);
        return answer();
      },
      notifyVmStopped: answer,
    });
  });
  const deliveries = createDeliveries({
    client: createClient(BillingService, transport),
    metrics: createMetaldMetrics(telemetry.metrics),
    logger: telemetry.logger,
    tracer: telemetry.tracer,
  });
  const page = async () => (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
  return { deliveries, lines, received, page };
}

/** Never aborted. */
const { signal } = new AbortController();

test('a batch arrives whole and counts as sent', async () => {
  const { deliveries, received, page } = await createTestDeliveries(() => ({ success: true }));
  await deliveries.batch(batch).attempt(signal);
  expect(received).toMatchObject([{ vmId: 'ud-1', customerId: 'acme', metrics: samples }]);
  const metrics = await page();
  expect(metrics).toContain('\nmetald_billing_batches_sent_total 1\n');
  expect(metrics).toContain('\nmetald_billing_batch_failures_total 0\n');
  expect(metrics).toContain('\nmetald_billing_batch_size_histogram_sum 3\n');
});

test('an attempt that fails counts as sent and as failed, and is logged', async () => {
  const { deliveries, lines, page } = await createTestDeliveries(() => {
    throw new ConnectError('down', Code.Unavailable);
  });
  const delivery = deliveries.batch(batch);
  for (const _ of [1, 2]) await expect(delivery.attempt(signal)).rejects.toMatchObject({ code: Code.Unavailable });
  const metrics = await page();
  expect(metrics).toContain('\nmetald_billing_batches_sent_total 2\n');
  expect(metrics).toContain('\nmetald_billing_batch_failures_total 2\n');
  expect(metrics).toContain('\nmetald_errors_total{component="billing"} 2\n');
  expect(metrics).toContain('\nmetald_billing_metrics_dropped_total 0\n');
  expect(lines.at(-1)).toMatchObject({ level: 'warn', vm_id: 'ud-1', batch_size: 3, error: '[unavailable] down' });
});

test('a batch that is given up counts its samples as dropped, and a notice counts none', async () => {
  const { deliveries, lines, page } = await createTestDeliveries(() => ({ success: true }));
  deliveries.batch(batch).giveUp('queue is full');
  deliveries.notice({ kind: 'stopped', vmId: 'ud-1', stopTime: 1n }).giveUp('shutting down');
  expect(await page()).toContain('\nmetald_billing_metrics_dropped_total 3\n');
  expect(lines).toMatchObject([
    { level: 'error', vm_id: 'ud-1', batch_size: 3, reason: 'queue is full' },
    { level: 'error', vm_id: 'ud-1', notice: 'stopped', reason: 'shutting down' },
  ]);
});

test('what billaged has read and does not want is not worth a retry', async () => {
  const { deliveries } = await createTestDeliveries(() => ({ success: false, message: 'no metrics provided' }));
  const delivery = deliveries.batch(batch);
  const refusal = await delivery.attempt(signal).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ rawMessage: 'no metrics provided' });
  expect(delivery.isWorthRetrying(refusal)).toBe(false);
});

test.for([
  [Code.Unavailable, true],
  [Code.DeadlineExceeded, true],
  [Code.Internal, true],
  [Code.ResourceExhausted, true],
  [Code.InvalidArgument, false],
  [Code.FailedPrecondition, false],
  [Code.OutOfRange, false],
  [Code.Unimplemented, false],
] as const)('a failure with code %i is worth a retry: %s', async ([code, isWorthRetrying]) => {
  const { deliveries } = await createTestDeliveries(() => {
    throw new ConnectError('no', code);
  });
  const notice = deliveries.notice({ kind: 'stopped', vmId: 'ud-1', stopTime: 1n });
  const failure = await notice.attempt(signal).catch((error: unknown) => error);
  expect(notice.isWorthRetrying(failure)).toBe(isWorthRetrying);
});
