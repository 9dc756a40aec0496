import { create, toBinary } from '@bufbuild/protobuf';
import { readMetric, scrape } from '@vmobs/testing';
import { SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import { expect, test } from 'vitest';
import { type ServiceProcess, startServiceProcess } from '../../support/service-process.ts';
import { type Attack, billagedAttacks, metaldAttacks } from './attacks.ts';

/** Minutes of mixed attacks: `ATTACK_MINUTES=30` is the long proof. By default each attack is made once. */
const minutes = Number(process.env['ATTACK_MINUTES'] ?? 0);

/** The heap of both services in compose. */
const env = { NODE_OPTIONS: '--max-old-space-size=80' };

/** Makes attacks one after the other until the time is over, each at least once. */
async function attack(url: string, attacks: readonly Attack[], until: number): Promise<void> {
  do for (const next of attacks) await next(url);
  while (Date.now() < until);
}

/** Sends a batch of a VM. @returns whether it was processed */
async function sendBatch({ url }: ServiceProcess, second: number): Promise<boolean> {
  const timestamp = { seconds: BigInt(1_700_000_000 + second), nanos: 0 };
  const batch = create(SendMetricsBatchRequestSchema, { vmId: 'ud-1', customerId: 'acme', metrics: [{ timestamp }] });
  const body = toBinary(SendMetricsBatchRequestSchema, batch);
  const headers = { 'content-type': 'application/proto' };
  const response = await fetch(`${url}/billing.v1.BillingService/SendMetricsBatch`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response.ok;
}

/** Lists the VMs. @returns whether there was an answer */
async function listVms({ url }: ServiceProcess): Promise<boolean> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/vmprovisioner.v1.VmService/ListVms`, { method: 'POST', headers, body: '{}' });
  await response.arrayBuffer();
  return response.ok;
}

/** Sends honest requests until some work is done. @returns the share that was served */
async function shareServed(work: Promise<unknown>, send: (count: number) => Promise<boolean>): Promise<number> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  let sent = 0;
  let served = 0;
  do {
    if (await send(sent).catch(() => false)) served += 1;
    sent += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  } while (!isDone);
  await done;
  return served / sent;
}

async function residentBytes({ metricsUrl }: ServiceProcess, name: string): Promise<number> {
  return readMetric(await scrape(metricsUrl), name);
}

test('both services live through attacks under the heap of compose and serve honest requests', {
  timeout: 120_000 + minutes * 60_000,
}, async () => {
  const billaged = await startServiceProcess('billaged-sim', env);
  const metald = await startServiceProcess('metald-sim', { ...env, UNKEY_METALD_BILLING_ENABLED: 'false' });
  try {
    const resident = () =>
      Promise.all([
        residentBytes(billaged, 'billaged_process_resident_memory_bytes'),
        residentBytes(metald, 'metald_process_resident_memory_bytes'),
      ]);
    const attackBoth = async (until: number) => {
      const attacks = Promise.all([
        attack(billaged.url, billagedAttacks, until),
        attack(metald.url, metaldAttacks, until),
      ]);
      const served = await Promise.all([
        shareServed(attacks, (count) => sendBatch(billaged, count)),
        shareServed(attacks, () => listVms(metald)),
      ]);
      for (const share of served) expect(share).toBeGreaterThanOrEqual(0.95);
    };
    await attackBoth(Date.now() + 30_000 * minutes);
    if (minutes > 0) {
      const before = await resident();
      await attackBoth(Date.now() + 30_000 * minutes);
      for (const [index, bytes] of (await resident()).entries()) expect(bytes).toBeLessThan(1.3 * (before[index] ?? 0));
    }
  } finally {
    expect(await Promise.all([billaged.end(), metald.end()])).toEqual([0, 0]);
  }
});
