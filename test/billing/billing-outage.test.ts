import { join } from 'node:path';
import { type MetaldOptions, startMetald } from '@vmobs/metald-sim';
import { eventually, readMetric, scrape } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { validConfig, vmClient } from '../support/clients.ts';
import { createTestFolder } from './crashing-services.ts';
import { type ScriptedBillaged, startScriptedBillaged } from './scripted-billaged.ts';

/** A metald in this process that bills to a scripted billaged, and VMs of it that run; `vmId` is the first of them. */
async function startTestMetald(billaged: ScriptedBillaged, settings: MetaldOptions = {}, vms = 1) {
  const lines: Record<string, unknown>[] = [];
  const metald = await startMetald({
    port: 0,
    metricsPort: 0,
    timeScale: 10_000,
    billingEndpoint: billaged.url,
    billingIntervalMs: 10,
    billingBatchSize: 5,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
    ...settings,
  });
  onTestFinished(metald.close);
  const client = vmClient(metald.url);
  const boot = async () => {
    const { vmId } = await client.createVm({ config: validConfig });
    await client.bootVm({ vmId });
    return vmId;
  };
  const vmId = await boot();
  for (let more = 1; more < vms; more += 1) await boot();
  const metric = async (name: string, labels = {}) =>
    readMetric(await scrape(metald.telemetry.metricsUrl), name, labels);
  const account = async () => {
    await metald.close();
    return lines.find(({ msg }) => msg === 'billing stopped');
  };
  return { vmId, metric, account };
}

const samplesOf = ({ taken }: ScriptedBillaged) =>
  taken.reduce((sum, call) => sum + (call.kind === 'batch' ? call.samples : 0), 0);

test('an outage loses nothing and shows as failed batches even when a notice is first in line', async () => {
  const vms = 12;
  const billaged = await startScriptedBillaged();
  billaged.mode = 'overloaded';
  const { metric, account } = await startTestMetald(billaged, { billingIntervalMs: 50 }, vms);
  const failures = () => metric('metald_billing_batch_failures_total');
  await eventually(failures, (count) => count > 3);
  expect(await failures()).toBeLessThanOrEqual(await metric('metald_billing_batches_sent_total'));
  const noticeFailures = () => metric('metald_billing_notice_failures_total', { notice: 'started' });
  await eventually(noticeFailures, (count) => count > 3);
  await eventually(
    () => metric('metald_billing_breaker_state', { state: 'closed' }),
    (closed) => closed === 0,
  );
  expect(await metric('metald_billing_spool_batches')).toBeGreaterThan(0);
  expect(await metric('metald_billing_oldest_batch_age_seconds')).toBeGreaterThan(0);

  const waiting = () => metric('metald_billing_spool_batches');
  const waited = await waiting();
  billaged.mode = 'takes';
  // More than waited: the outage is over. The longer it has lasted, the longer metald waits before it tries: up to 30 s.
  await eventually(
    () => billaged.taken.filter(({ kind }) => kind === 'batch').length,
    (taken) => taken > waited,
  );
  // What waits in memory is lost at the end unless it is sent within a few seconds.
  await eventually(waiting, (batches) => batches <= vms);
  expect(billaged.taken[0]?.kind).toBe('started');
  await eventually(
    () => metric('metald_billing_breaker_state', { state: 'closed' }),
    (closed) => closed === 1,
  );
  const ended = await account();
  expect(ended).toMatchObject({ metrics_dropped: 0 });
  expect(samplesOf(billaged)).toBe(ended?.['metrics_collected']);
});

test('rejected batches become dead letters and gaps, and later batches are billed', async () => {
  const billaged = await startScriptedBillaged();
  billaged.mode = 'refuses batches';
  const { metric, account, vmId } = await startTestMetald(billaged);
  await eventually(
    () => metric('metald_billing_batches_set_aside_total'),
    (count) => count >= 2,
  );
  billaged.mode = 'takes';
  await eventually(
    () => samplesOf(billaged),
    (samples) => samples > 0,
  );
  const dropped = await metric('metald_billing_metrics_dropped_total', { reason: 'refused' });
  const ended = await account();
  expect(ended).toMatchObject({ metrics_dropped: dropped });
  expect(billaged.taken.filter(({ kind }) => kind === 'gap').map((gap) => gap.vmId)).toEqual(
    Array.from({ length: dropped / 5 }, () => vmId),
  );
  expect(samplesOf(billaged) + dropped).toBe(ended?.['metrics_collected']);
});

test('a full spool counts the samples it drops and reports the gap once it has room', async () => {
  const billaged = await startScriptedBillaged();
  billaged.mode = 'overloaded';
  const settings = { spool: await createTestFolder(), spoolLimitMib: 1, billingBatchSize: 1 };
  const { metric, account } = await startTestMetald(billaged, settings, 20);
  const dropped = () => metric('metald_billing_metrics_dropped_total', { reason: 'spool_full' });
  await eventually(dropped, (samples) => samples > 10);
  // Notices may go a tenth beyond the limit.
  expect(await metric('metald_billing_spool_bytes')).toBeLessThanOrEqual(
    1.1 * (await metric('metald_billing_spool_limit_bytes')),
  );
  billaged.mode = 'takes';
  const gap = await eventually(
    () => billaged.taken.find((call) => call.kind === 'gap'),
    (call) => call !== undefined,
  );
  const ofVm = () => billaged.taken.filter(({ vmId }) => vmId === gap?.vmId);
  // The gap goes from what was not taken any more to what was taken again, and comes behind that.
  const [before, after] = ofVm()
    .slice(
      0,
      ofVm().findIndex(({ kind }) => kind === 'gap'),
    )
    .slice(-2)
    .map((call) => (call.kind === 'batch' ? call.firstNanos : 0n));
  expect(gap).toMatchObject({ kind: 'gap', resumeTime: after });
  expect(gap?.kind === 'gap' && before !== undefined && gap.lastSent > before).toBe(true);
  const ended = await account();
  // On a slow machine the end does not wait for all of it; the attempts under way then, 8 at most, may have arrived.
  const accounted = samplesOf(billaged) + Number(ended?.['metrics_dropped']) + Number(ended?.['metrics_left_in_spool']);
  const collected = Number(ended?.['metrics_collected']);
  expect(accounted).toBeGreaterThanOrEqual(collected);
  expect(accounted).toBeLessThanOrEqual(collected + 8);
});

test('the next metald bills what an orderly shutdown left in the spool, and stops its VMs', async () => {
  const spool = join(await createTestFolder(), 'spool');
  const billaged = await startScriptedBillaged();
  billaged.mode = 'overloaded';
  const first = await startTestMetald(billaged, { spool });
  await eventually(
    () => first.metric('metald_billing_spool_samples'),
    (samples) => samples > 20,
  );
  const firstAccount = await first.account();
  expect(firstAccount).toMatchObject({
    metrics_dropped: 0,
    metrics_left_in_spool: firstAccount?.['metrics_collected'],
  });

  billaged.mode = 'takes';
  const second = await startTestMetald(billaged, { spool });
  const ofFirst = () => billaged.taken.filter(({ vmId }) => vmId === first.vmId);
  await eventually(
    () => ofFirst().at(-1)?.kind,
    (kind) => kind === 'stopped',
  );
  const calls = ofFirst();
  expect([calls[0]?.kind, new Set(calls.slice(1, -1).map(({ kind }) => kind))]).toEqual([
    'started',
    new Set(['batch']),
  ]);
  const billed = calls.reduce((sum, call) => sum + (call.kind === 'batch' ? call.samples : 0), 0);
  expect(billed).toBe(firstAccount?.['metrics_collected']);
  expect(await second.account()).toMatchObject({ metrics_dropped: 0, metrics_left_in_spool: 0 });
});

test('without a folder the end of metald loses what waits, and says how much', async () => {
  const billaged = await startScriptedBillaged();
  billaged.mode = 'overloaded';
  const { account, metric } = await startTestMetald(billaged);
  await eventually(
    () => metric('metald_billing_spool_samples'),
    (samples) => samples > 0,
  );
  const ended = await account();
  expect(ended?.['metrics_dropped']).toBe(ended?.['metrics_collected']);
});

test('a folder that another metald uses is refused in one sentence', async () => {
  const spool = await createTestFolder();
  const billaged = await startScriptedBillaged();
  await startTestMetald(billaged, { spool });
  await expect(startMetald({ port: 0, metricsPort: 0, spool })).rejects.toThrow(
    /^cannot use the spool folder .* another process uses it; .*UNKEY_METALD_SIM_SPOOL/,
  );
});
