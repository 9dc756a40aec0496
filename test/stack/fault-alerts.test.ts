import { mkdtemp, readFile, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { vmClient } from '../support/clients.ts';
import { untilFired, untilOver } from './alert-waits.ts';
import { startWatchedMetald, type WatchedMetald } from './watched-metald.ts';

/*
 * A fault that is switched on in a running metald makes the alerts fire that are said to see it, by the rules of compose/ in
 * a real Prometheus, and its end makes them end.
 */

/** What takes ten minutes by the rules takes 40 s here. */
const speed = 15;
const patience = { timeout: 120_000, interval: 250 };
const limit = { timeout: 360_000 };

let watched: WatchedMetald | undefined;
afterEach(() => watched?.close());

async function start(settings: Readonly<Record<string, string>>): Promise<WatchedMetald> {
  watched = await startWatchedMetald(speed, settings);
  return watched;
}

test('an unreachable billaged and a full disk each fire their alerts until they are over', limit, async () => {
  // A batch for each sample and the smallest spool, so that it is full within a minute.
  const metald = await start({
    UNKEY_METALD_SIM_VMS: '50',
    UNKEY_METALD_BILLING_BATCH_SIZE: '1',
    UNKEY_METALD_SIM_SPOOL_LIMIT_MIB: '1',
  });
  const { query, firing, switchOn, switchOff } = metald;
  await expect.poll(() => query('sum(rate(metald_billing_batches_sent_total[10s])) > 0'), patience).toHaveLength(1);
  expect((await firing()).filter((name) => name.startsWith('Billing'))).toEqual([]);

  // A part of the calls: the breaker stays closed. Open, it tries every 30 s, and five minutes without any try are 20 s here.
  await switchOn('billing-endpoint-failing', { size: 0.3 });
  await untilFired(firing, ['BillingDataLossRisk']);

  await switchOn('billing-endpoint-failing');
  const alerts = ['BillingBreakerOpen', 'BillingMetricsDropped', 'BillingQueueGrowing', 'BillingSpoolFilling'];
  await untilFired(firing, alerts);
  expect(await query('metald_billing_metrics_dropped_total{reason="spool_full"} > 0')).toHaveLength(1);

  // A spool that is full by its own limit has not failed.
  expect(await firing()).not.toContain('BillingSpoolFailing');

  await switchOff();
  await untilOver(firing, ['BillingDataLossRisk', ...alerts]);

  await switchOn('spool-failing');
  await untilFired(firing, ['BillingSpoolFailing', 'BillingMetricsDropped']);
  expect(await query('metald_billing_metrics_dropped_total{reason="spool_unwritable"} > 0')).toHaveLength(1);
  await switchOff();
  await untilOver(firing, ['BillingSpoolFailing', 'BillingMetricsDropped']);
});

test('a log file without room fires LogLinesLost until it moves to another disk', limit, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-full-log-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const logFile = join(folder, 'metald.log');
  await symlink('/dev/full', logFile);
  const metald = await start({ LOG_FILE: logFile });
  const { query, switchOn, switchOff } = metald;
  const lost = (destination: string) => query(`telemetry_log_lines_lost_total{destination="${destination}"} > 0`);

  // What waits in memory, 8 MiB, is full in seconds.
  await switchOn('log-flood', { size: 5_000 });
  await untilFired(metald.firing, ['LogLinesLost']);
  expect(await lost('file')).toHaveLength(1);
  // Standard output has a reader that keeps up.
  expect(await lost('stdout')).toEqual([]);
  await switchOff();

  await unlink(logFile);
  metald.signal('SIGHUP');
  await untilOver(metald.firing, ['LogLinesLost']);
  expect(await readFile(logFile, 'utf8')).toContain('can be written again');
});

test('an unreachable hypervisor fires BillingSamplesMissing until it is back', limit, async () => {
  const { firing, switchOn, switchOff } = await start({ UNKEY_METALD_SIM_VMS: '5' });
  await switchOn('backend-unreachable');
  await untilFired(firing, ['BillingSamplesMissing']);
  await switchOff();
  await untilOver(firing, ['BillingSamplesMissing']);
});

test('a host with many faults at once has an alert for each, and none when they are over', limit, async () => {
  const metald = await start({
    UNKEY_METALD_SIM_VMS: '20',
    UNKEY_METALD_SIM_CHURN: '600',
    UNKEY_METALD_SIM_TIME_SCALE: '1000',
  });
  const { firing, switchOn, switchOff } = metald;
  let isOver = false;
  const client = vmClient(metald.url);
  const traffic = (async () => {
    while (!isOver) {
      await client.listVms({ pageSize: 1 }).catch(() => undefined);
      await sleep(50);
    }
  })();

  await switchOn('boot-failures', { size: 1 });
  await switchOn('api-errors', { size: 0.5, code: 'internal' });
  await switchOn('api-latency', { size: 700 });
  await switchOn('event-loop-stall', { size: 200, every_s: 0.3 });
  await switchOn('memory-growth', { size: 500, limit_mb: 2_000 });
  const alerts = ['BillingSamplingLate', 'HighErrorRate', 'HighEventLoopLag', 'HighMemoryUsage', 'VMBootFailures'];
  expect((await firing()).filter((name) => alerts.includes(name))).toEqual([]);
  await untilFired(firing, [...alerts, 'MetaldApiAvailabilityBurnRatePage', 'MetaldApiLatencyBurnRatePage']);
  await switchOff();
  // An error budget that has burnt is remembered for longer than a test lasts.
  await untilOver(firing, alerts);

  await switchOn('metrics-down');
  await untilFired(firing, ['ServiceDown']);
  await switchOff();
  await untilOver(firing, ['ServiceDown']);

  isOver = true;
  await traffic;
  await switchOn('process-crash');
  await untilFired(firing, ['ServiceDown']);
});
