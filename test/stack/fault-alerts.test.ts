import { afterEach, expect, test } from 'vitest';
import { startWatchedMetald, type WatchedMetald } from './watched-metald.ts';

/*
 * A fault that is switched on in a running metald makes the alerts fire that are said to see it, by the rules of compose/ in
 * a real Prometheus, and its end makes them end.
 */

const patience = { timeout: 90_000, interval: 250 };

let watched: WatchedMetald | undefined;
afterEach(() => watched?.close());

test('billaged out of reach: batches fail, the spool fills, samples are lost, each with its alert; then all is well again', {
  timeout: 240_000,
}, async () => {
  // A batch for each sample and the smallest spool, so that it is full within a minute.
  const { query, firing, switchOn, switchOff } = await start(15, {
    UNKEY_METALD_SIM_VMS: '50',
    UNKEY_METALD_BILLING_BATCH_SIZE: '1',
    UNKEY_METALD_SIM_SPOOL_LIMIT_MIB: '1',
  });
  await expect.poll(() => query('sum(rate(metald_billing_batches_sent_total[10s])) > 0'), patience).toHaveLength(1);
  expect((await firing()).filter((name) => name.startsWith('Billing'))).toEqual([]);

  await switchOn('billing-endpoint-failing');
  const wanted = [
    'BillingBreakerOpen',
    'BillingDataLossRisk',
    'BillingMetricsDropped',
    'BillingQueueGrowing',
    'BillingSpoolFilling',
  ];
  const seen = new Set<string>();
  await expect
    .poll(async () => {
      for (const name of await firing()) seen.add(name);
      return [...seen];
    }, patience)
    .toEqual(expect.arrayContaining(wanted));
  expect(await query('metald_billing_metrics_dropped_total{reason="spool_full"} > 0')).toHaveLength(1);

  await switchOff();
  await expect.poll(async () => (await firing()).filter((name) => wanted.includes(name)), patience).toEqual([]);
});

async function start(...parameters: Parameters<typeof startWatchedMetald>): Promise<WatchedMetald> {
  watched = await startWatchedMetald(...parameters);
  return watched;
}
