import { Code, ConnectError } from '@connectrpc/connect';
import { SpanKind } from '@opentelemetry/api';
import { startTelemetry } from '@vmobs/telemetry';
import { afterEach, expect, test, vi } from 'vitest';
import { metaldDefaults } from '../config.ts';
import { createMetaldMetrics } from '../metrics/metrics.ts';
import { createDelivery } from './delivery.ts';
import { createLosses } from './losses.ts';
import { headerOf, type Notice } from './messages.ts';
import { createNotices } from './notices.ts';
import { createMemorySpool } from './spool/memory-spool.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const batch = {
  vmId: 'ud-1',
  customerId: 'acme',
  sampleCount: 3,
  firstTimestamp: 1n,
  lastTimestamp: 3n,
  bytes: Buffer.from('the batch'),
};
const stopped: Notice = { kind: 'stopped', vmId: 'ud-1', stopTime: 1n };
/** The entry of the gap that the batch leaves when it is lost. */
const storedGap = expect.objectContaining({
  content: { kind: 'gap', vmId: 'ud-1', lastSent: 1n, resumeTime: 3n },
  trace: {},
});

/** A delivery out of a spool to a billaged that answers as it is told, with real metrics and logs. */
async function createTestDelivery(answer: () => void = () => undefined) {
  const lines: Record<string, unknown>[] = [];
  const telemetry = await startTelemetry({
    name: 'metald',
    version: '0',
    settings: { ...metaldDefaults, metricsPort: 0 },
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  closers.push(telemetry.close);
  const { logger, tracer } = telemetry;
  const metrics = createMetaldMetrics(telemetry.metrics);
  const spool = createMemorySpool({ limitBytes: 1_000, now: Date.now });
  const received: (string | Notice)[] = [];
  const losses = createLosses({ metrics, logger });
  const notices = createNotices({ spool, metrics, logger });
  const { deliver } = createDelivery({
    client: {
      async sendBatch(bytes) {
        received.push(Buffer.from(bytes).toString());
        answer();
      },
      async sendNotice(notice) {
        received.push(notice);
        answer();
      },
      async sendHeartbeat() {},
      close() {},
    },
    spool,
    notices,
    losses,
    metrics,
    logger,
    tracer,
    now: Date.now,
  });
  const page = async () => (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
  return { deliver, spool, lines, received, tracer, page };
}

/** Never aborted. */
const { signal } = new AbortController();
const fail = (code: Code, headers?: Record<string, string>) => () => {
  throw new ConnectError('no', code, headers);
};

test('a batch arrives as it was stored, counts as sent, and is forgotten', async () => {
  const { deliver, spool, received, page } = await createTestDelivery();
  const entry = spool.append(headerOf(batch), {}, batch.bytes);
  expect(await deliver(entry, false, signal)).toEqual({ isSettled: true });
  expect(received).toEqual(['the batch']);
  expect([...spool.waiting()]).toEqual([]);
  const metrics = await page();
  expect(metrics).toContain('\nmetald_billing_batches_sent_total 1\n');
  expect(metrics).toContain('\nmetald_billing_batch_failures_total 0\n');
});

test('the span of a batch names its VM and customer, and the number of its samples', async () => {
  const { deliver, spool, tracer } = await createTestDelivery();
  const startSpan = vi.spyOn(tracer, 'startActiveSpan');
  await deliver(spool.append(headerOf(batch), {}, batch.bytes), false, signal);
  const attributes = { vm_id: 'ud-1', customer_id: 'acme', batch_size: 3 };
  expect(startSpan.mock.calls.map(([name, options]) => [name, options])).toEqual([
    ['metald.billing.send_batch', { kind: SpanKind.INTERNAL, attributes }],
  ]);
});

test('a failed attempt counts as sent and failed and is logged, and the batch stays', async () => {
  const { deliver, spool, lines, page } = await createTestDelivery(fail(Code.Unavailable, { 'retry-after': '3' }));
  const entry = spool.append(headerOf(batch), {}, batch.bytes);
  for (const _ of [1, 2]) {
    expect(await deliver(entry, false, signal)).toEqual({ isSettled: false, retryAfterMs: 3_000 });
  }
  expect([...spool.waiting()]).toEqual([entry]);
  const metrics = await page();
  expect(metrics).toContain('\nmetald_billing_batches_sent_total 2\n');
  expect(metrics).toContain('\nmetald_billing_batch_failures_total 2\n');
  expect(metrics).toContain('\nmetald_errors_total{component="billing"} 2\n');
  const msg = 'sending a billing batch failed';
  expect(lines.at(-1)).toMatchObject({ level: 'warn', msg, vm_id: 'ud-1', batch_size: 3, error: '[unavailable] no' });
});

test('a notice that is not taken is a line each time, and an error', async () => {
  const { deliver, spool, lines, page } = await createTestDelivery(fail(Code.Unavailable));
  await deliver(spool.append(stopped, {}), false, signal);
  const msg = 'sending a billing notice failed';
  expect(lines.at(-1)).toMatchObject({
    level: 'warn',
    msg,
    vm_id: 'ud-1',
    notice: 'stopped',
    error: '[unavailable] no',
  });
  expect(await page()).toContain('\nmetald_errors_total{component="billing"} 1\n');
});

test('a rejected batch becomes a dead letter, counted and reported as a gap', async () => {
  const { deliver, spool, lines, page } = await createTestDelivery(fail(Code.InvalidArgument));
  const entry = spool.append(headerOf(batch), {}, batch.bytes);
  expect(await deliver(entry, false, signal)).toEqual({ isSettled: true, next: storedGap });
  expect([...spool.waiting()]).toEqual([storedGap]);
  const metrics = await page();
  expect(metrics).toContain('\nmetald_billing_batches_set_aside_total 1\n');
  expect(metrics).toContain('\nmetald_billing_metrics_dropped_total{reason="refused"} 3\n');
  const cause = { reason: 'refused', error: '[invalid_argument] no' };
  expect(lines.at(-1)).toMatchObject({
    level: 'error',
    operation: 'send_batch',
    vm_id: 'ud-1',
    batch_size: 3,
    ...cause,
  });
});

test('a notice that billaged refuses is an error with the VM and the answer', async () => {
  const { deliver, spool, lines } = await createTestDelivery(fail(Code.InvalidArgument));
  await deliver(spool.append(stopped, {}), false, signal);
  const cause = { reason: 'refused', error: '[invalid_argument] no' };
  expect(lines.at(-1)).toMatchObject({
    level: 'error',
    operation: 'send_notice',
    vm_id: 'ud-1',
    notice: 'stopped',
    ...cause,
  });
});

test('a batch that cannot be read back is counted as lost, and nothing is sent', async () => {
  const { deliver, spool, received, page } = await createTestDelivery();
  const entry = spool.append(headerOf(batch), {}, batch.bytes);
  spool.remove(entry);
  expect(await deliver(entry, false, signal)).toEqual({ isSettled: true, next: storedGap });
  expect(received).toEqual([]);
  expect([...spool.waiting()]).toEqual([storedGap]);
  expect(await page()).toContain('\nmetald_billing_metrics_dropped_total{reason="damaged"} 3\n');
});

test('a notice that fails before a batch is a failed attempt to send that batch, too', async () => {
  const { deliver, spool, page } = await createTestDelivery(fail(Code.Unavailable));
  const entry = spool.append(stopped, {});
  await deliver(entry, false, signal);
  const alone = await page();
  expect(alone).toContain('\nmetald_billing_notices_sent_total{notice="stopped"} 1\n');
  expect(alone).toContain('\nmetald_billing_notice_failures_total{notice="stopped"} 1\n');
  expect(alone).toContain('\nmetald_billing_batches_sent_total 0\n');
  await deliver(entry, true, signal);
  const beforeBatch = await page();
  expect(beforeBatch).toContain('\nmetald_billing_batches_sent_total 1\n');
  expect(beforeBatch).toContain('\nmetald_billing_batch_failures_total 1\n');
  expect(beforeBatch).toContain('\nmetald_errors_total{component="billing"} 2\n');
});

test.for([
  [Code.Unavailable, false, false],
  [Code.DeadlineExceeded, false, false],
  [Code.Internal, false, false],
  [Code.ResourceExhausted, false, false],
  // What a wrong address answers: no reason to give up a bill.
  [Code.Unimplemented, false, true],
  [Code.NotFound, false, true],
  [Code.Unauthenticated, false, false],
  [Code.InvalidArgument, true, true],
  [Code.FailedPrecondition, true, true],
  [Code.OutOfRange, true, true],
] as const)('code %i ends a batch: %s, and a notice: %s', async ([code, endsBatch, endsNotice]) => {
  const { deliver, spool } = await createTestDelivery(fail(code));
  const ofBatch = await deliver(spool.append(headerOf(batch), {}, batch.bytes), false, signal);
  const ofNotice = await deliver(spool.append(stopped, {}), false, signal);
  expect([ofBatch.isSettled, ofNotice.isSettled]).toEqual([endsBatch, endsNotice]);
});

test('an attempt that was broken off is no refusal', async () => {
  const { deliver, spool } = await createTestDelivery(fail(Code.InvalidArgument));
  const entry = spool.append(headerOf(batch), {}, batch.bytes);
  expect(await deliver(entry, false, AbortSignal.abort())).toMatchObject({ isSettled: false });
  expect([...spool.waiting()]).toEqual([entry]);
});
