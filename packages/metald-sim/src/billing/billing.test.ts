import { Code, ConnectError } from '@connectrpc/connect';
import { context, trace as traceApi } from '@opentelemetry/api';
import { expect, onTestFinished, test, vi } from 'vitest';
import { nowMs, nowNanos, patience, startTestBilling } from '../testing/start-test-billing.ts';
import type { EntryContent } from './spool/entry.ts';

const heartbeat = { instanceId: `metald-${nowMs / 1_000}`, activeVms: [] };
const gap = (vmId: string, lastSent: bigint, resumeTime: bigint) => ({ kind: 'gap', vmId, lastSent, resumeTime });

test('heartbeats with the running VMs are sent at once and every half minute', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { billing, heard, adopt } = await startTestBilling();
  expect(heard).toEqual([heartbeat]);
  const { id } = adopt();
  vi.advanceTimersByTime(29_999);
  expect(heard).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(heard.slice(1)).toEqual([{ ...heartbeat, activeVms: [id] }]);
  await billing.close();
  vi.advanceTimersByTime(60_000);
  expect(heard.filter((call) => typeof call === 'object' && call !== null && 'activeVms' in call)).toHaveLength(2);
});

test('a heartbeat that is not taken is a line', async () => {
  const refuse = async () => {
    throw new ConnectError('down', Code.Unavailable);
  };
  const { billing, linesOf } = await startTestBilling({ answerHeartbeat: refuse });
  await expect.poll(() => linesOf('sending a heartbeat failed'), patience).toHaveLength(1);
  expect(linesOf('sending a heartbeat failed')).toMatchObject([
    { level: 'warn', instance_id: heartbeat.instanceId, error: '[unavailable] down' },
  ]);
  await billing.close();
});

test('billaged hears of a start, the samples and the stop of a VM, in this order', async () => {
  const { billing, clock, heard, adopt, linesOf, page } = await startTestBilling();
  const vm = adopt();
  billing.vmStarted(vm);
  clock.now += 100;
  await expect
    .poll(() => billing.byteLength > 0 && page(), patience)
    .toContain('metald_billing_metrics_collected_total 1');
  billing.vmStopped(vm);
  await billing.close();
  expect(heard.slice(1)).toEqual([
    { kind: 'started', vmId: vm.id, customerId: 'acme', startTime: nowNanos },
    'batch',
    { kind: 'stopped', vmId: vm.id, stopTime: nowNanos + 100_000_000n },
  ]);
  const sample = String(nowNanos + 100_000_000n);
  expect(linesOf('billing batch stored')).toMatchObject([
    { level: 'debug', vm_id: vm.id, customer_id: 'acme', batch_size: 1, first_sample: sample, last_sample: sample },
  ]);
  expect(await page()).toContain('\nmetald_billing_batch_size_histogram_count 1\n');
});

test('the VMs of the fleet itself are sampled unless the caller replaces its slots', async () => {
  const { billing, clock, heard, adopt } = await startTestBilling({ wrapsSlots: false, batchSize: 1 });
  adopt();
  clock.now += 100;
  await expect.poll(() => heard, patience).toContain('batch');
  await billing.close();
});

test('a gap is reported for each VM that runs', async () => {
  const { billing, notSampled, heard, adopt } = await startTestBilling();
  const ids = [adopt().id, adopt().id];
  notSampled(nowMs - 2_000.5, nowMs - 1_000);
  await billing.close();
  expect(heard).toEqual(
    expect.arrayContaining(ids.map((id) => gap(id, nowNanos - 2_001_000_000n, nowNanos - 1_000_000_000n))),
  );
});

test('two minutes without running are a warning, and a gap for each VM', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { billing, clock, heard, adopt, linesOf } = await startTestBilling();
  const { id } = adopt();
  clock.now += 120_001;
  vi.advanceTimersByTime(1_000);
  expect(linesOf('metald was stalled: samples are missing')).toMatchObject([
    { level: 'warn', gap_duration_ms: 120_001 },
  ]);
  await billing.close();
  expect(heard).toContainEqual(gap(id, nowNanos, nowNanos + 120_001_000_000n));
});

test('a batch without room is lost, and the next one reports the gap to billaged', async () => {
  let isFull = true;
  const refuse = ({ kind }: EntryContent) => (isFull && kind === 'batch' ? ('spool_full' as const) : undefined);
  const { billing, clock, heard, adopt, linesOf, page } = await startTestBilling({ refuse, batchSize: 1 });
  const vm = adopt();
  clock.now += 100;
  await expect.poll(() => linesOf('billing batch dropped'), patience).toHaveLength(1);
  expect(linesOf('billing batch dropped')).toMatchObject([
    { reason: 'spool_full', error: expect.any(String), lines_left_out: 0 },
  ]);
  isFull = false;
  clock.now += 100;
  await expect.poll(() => heard.length, patience).toBeGreaterThan(2);
  await billing.close();
  expect(heard.slice(1, 3)).toEqual(['batch', gap(vm.id, nowNanos + 100_000_000n, nowNanos + 200_000_000n)]);
  expect(await page()).toContain('metald_billing_metrics_dropped_total{reason="spool_full"} 1');
  expect(linesOf('billing stopped')).toMatchObject([{ metrics_dropped: 1 }]);
});

test('a VM that stops after a loss has its gap reported before the stop', async () => {
  const refuse = ({ kind }: EntryContent) => (kind === 'batch' ? ('spool_full' as const) : undefined);
  const { billing, clock, heard, adopt, linesOf } = await startTestBilling({ refuse, batchSize: 1 });
  const vm = adopt();
  clock.now += 100;
  await expect.poll(() => linesOf('billing batch dropped'), patience).toHaveLength(1);
  billing.vmStopped(vm);
  await billing.close();
  const stopTime = nowNanos + 100_000_000n;
  expect(heard.slice(1)).toEqual([gap(vm.id, stopTime, stopTime), { kind: 'stopped', vmId: vm.id, stopTime }]);
});

test('a notice that finds no room is an error, and nothing else', async () => {
  const { billing, heard, adopt, linesOf, page } = await startTestBilling({ refuse: () => 'spool_full' });
  const vm = adopt();
  billing.vmStarted(vm);
  expect(linesOf('billing notice dropped')).toMatchObject([
    { level: 'error', operation: 'store_notice', vm_id: vm.id, notice: 'started', reason: 'spool_full' },
  ]);
  expect(await page()).toContain('metald_errors_total{component="billing"} 1');
  await billing.close();
  expect(heard).toEqual([{ ...heartbeat }]);
});

test('a batch that billaged rejects is reported as a gap, in no trace', async () => {
  let calls = 0;
  const answer = async () => {
    calls += 1;
    if (calls === 1) throw new ConnectError('no such customer', Code.InvalidArgument);
  };
  const { billing, clock, heard, stored, adopt } = await startTestBilling({ answer, batchSize: 1 });
  const vm = adopt();
  clock.now += 100;
  await expect.poll(() => heard.length, patience).toBe(2);
  await billing.close();
  expect(heard[1]).toEqual(gap(vm.id, nowNanos + 100_000_000n, nowNanos + 100_000_000n));
  expect(stored.map(({ trace }) => trace)).toEqual([{}, {}]);
});

test('a notice has the trace of what caused it', async () => {
  const { billing, stored, adopt } = await startTestBilling();
  const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
  const active = traceApi.setSpanContext(context.active(), spanContext);
  context.with(active, () => billing.vmStarted(adopt()));
  expect(stored[0]?.trace).toEqual({ traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` });
  await billing.close();
});
