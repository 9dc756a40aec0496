import { setTimeout as sleep } from 'node:timers/promises';
import { openPostgresLedger } from '@vmobs/billaged-sim/ledger';
import { type PostgresServer, startPostgresServer } from '@vmobs/billaged-sim/testing';
import { createRandom, eventually } from '@vmobs/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { sendInsistently } from './insistent-sender.ts';
import { type ReplicaLog, type ReplicaSet, startReplicaSet } from './replica-set.ts';
import { createVmStream, type VmStream } from './vm-stream.ts';

/** How often a replica is killed; `BILLING_REPLICA_ROUNDS=50` for a long run. */
const rounds = Number(process.env['BILLING_REPLICA_ROUNDS'] ?? 2);

/** VMs, each with a sender of its own. */
const vms = 8;
const intervalMs = 500;
const random = createRandom(11);

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgresServer();
}, 60_000);
afterAll(() => server?.close());

/** Kills a replica at a random moment and starts it again, round after round. */
async function killAtRandom(replicas: ReplicaSet, count: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await sleep(100 + random() * 900);
    const victim = Math.floor(random() * count);
    await replicas.kill(victim);
    await sleep(random() * 300);
    await replicas.restart(victim);
  }
}

/** Compares the ledger with what was sent, to the last unit. */
async function expectBilledOnce(url: string, streams: readonly VmStream[]): Promise<void> {
  const ledger = await openPostgresLedger({ url });
  try {
    const { rows } = await ledger.usage({ customerId: 'acme' });
    const billed = rows.map(({ vmId, sampleCount, growth, memorySumBytes }) => ({
      ...{ vmId, sampleCount, memorySumBytes },
      cpuNanos: growth.cpuNanos,
    }));
    expect(billed).toEqual(streams.map((stream) => ({ vmId: stream.vmId, ...stream.billed(0) })));
    const tracked = await Array.fromAsync(ledger.tracked());
    const summaries = tracked.filter(({ customerId }) => customerId === 'acme');
    expect(summaries.map(({ vmId, growth }) => [vmId, growth.cpuNanos])).toEqual(
      billed.map(({ vmId, cpuNanos }) => [vmId, cpuNanos]),
    );
  } finally {
    await ledger.close();
  }
}

/** The ends of the periods that a process has summarised, and of whom, in order. */
function summariesOf({ lines }: ReplicaLog): string[] {
  return lines
    .filter(({ msg }) => msg === 'usage summary' || msg === 'customer usage summary')
    .map((line) => `${line['period_end']} ${line['vm_id'] ?? line['customer_id']}`);
}

/**
 * Each record is there once. The one exception is a replica that was killed within its summary: the period is then done
 * again, and it is the last one that the dead had begun.
 */
function expectSummarisedOnce(logs: readonly ReplicaLog[]): void {
  const seen = new Set<string>();
  for (const log of logs.toSorted((a, b) => Number(a.wasKilled) - Number(b.wasKilled))) {
    const summaries = summariesOf(log);
    const lastPeriod = summaries.at(-1)?.split(' ')[0];
    for (const summary of summaries) {
      const isOfTheDead = log.wasKilled && summary.startsWith(`${lastPeriod} `);
      if (!isOfTheDead) expect(seen.has(summary), `${summary} is there twice`).toBe(false);
      seen.add(summary);
    }
  }
}

function periodsOf(logs: readonly ReplicaLog[]): number[] {
  const ends = logs.flatMap(summariesOf).map((summary) => Date.parse(summary.split(' ')[0] ?? ''));
  return [...new Set(ends)].sort((a, b) => a - b);
}

/** Sends a sample with the time of now for some VMs again and again: a VM that is silent is left out of summaries. */
function keepActive(replicas: ReplicaSet, vmIds: readonly string[]): void {
  let count = 0;
  const timer = setInterval(() => {
    const metrics = [{ timestamp: { seconds: BigInt(Math.floor(Date.now() / 1_000)), nanos: ++count } }];
    for (const vmId of vmIds) {
      const sent = replicas.next().sendMetricsBatch({ vmId, customerId: 'globex', metrics });
      // The replica may be one that was killed.
      sent.catch(() => undefined);
    }
  }, 200);
  onTestFinished(() => clearInterval(timer));
}

test.for([2, 4])(
  `%i replicas with ${rounds} kills bill each sample once and summarise each period once`,
  { timeout: 120_000 + rounds * 10_000 },
  async (count) => {
    const url = await server.createDatabase(`replicas_${count}`);
    const replicas = await startReplicaSet(count, {
      BILLAGED_DATABASE_URL: url,
      BILLAGED_AGGREGATION_INTERVAL: `${intervalMs}ms`,
      LOG_LEVEL: 'info',
    });
    onTestFinished(replicas.close);
    keepActive(replicas, ['ud-active']);
    const streams = Array.from({ length: vms }, (_, index) => createVmStream(`ud-${index}`, 'acme', random));
    let isOver = false;
    const sending = streams.map((stream) => sendInsistently(replicas, stream, { random, isOver: () => isOver }));
    await killAtRandom(replicas, count);
    await sleep(500);
    isOver = true;
    const counts = await Promise.all(sending);
    await expectBilledOnce(url, streams);

    // A period that a killed one held is free again after ten seconds.
    const before = periodsOf(replicas.logs()).at(-1) ?? 0;
    await eventually(
      () => periodsOf(replicas.logs()).at(-1) ?? 0,
      (last) => last > before,
    );
    expectSummarisedOnce(replicas.logs());
    expect(await replicas.end()).toEqual(Array.from({ length: count }, () => 0));

    const sum = (of: 'acknowledged' | 'repeated' | 'failed') => counts.reduce((total, each) => total + each[of], 0);
    process.stdout.write(
      `measured: ${count} replicas, ${rounds} kills, ${sum('acknowledged')} samples billed once, ${sum('repeated')} sent again, ${sum('failed')} requests failed\n`,
    );
    expect(sum('acknowledged')).toBeGreaterThan(0);
    expect(sum('repeated')).toBeGreaterThan(0);
  },
);

test('two replicas summarise each period once', async () => {
  const url = await server.createDatabase('periods');
  const env = { BILLAGED_DATABASE_URL: url, BILLAGED_AGGREGATION_INTERVAL: `${intervalMs}ms` };
  const replicas = await startReplicaSet(2, env);
  onTestFinished(replicas.close);
  keepActive(replicas, ['ud-1', 'ud-2', 'ud-3']);
  const periods = await eventually(
    () => periodsOf(replicas.logs()),
    (ends) => ends.length >= 6,
  );
  expectSummarisedOnce(replicas.logs());
  const steps = periods.slice(1).map((end, index) => end - (periods[index] ?? 0));
  // A machine that stands still for a while may miss a period; it is not made up for.
  for (const step of steps) expect(step % intervalMs).toBe(0);
});
