import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteLedger } from '@vmobs/billaged-sim/ledger';
import { createRandom } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { billingClient } from '../support/clients.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';
import { createVmStream, type VmStream } from './vm-stream.ts';

/** How often billaged is killed; `BILLING_KILL_ROUNDS=100` for a long run. */
const rounds = Number(process.env['BILLING_KILL_ROUNDS'] ?? 5);

/** Senders at the same time, each with two VMs of its own. */
const senders = 8;

const random = createRandom(7);

/**
 * Sends parts of what waits, of any length, until billaged does not answer any more.
 *
 * @param onAcknowledged called for each batch that billaged has acknowledged
 * @returns acknowledged samples
 */
async function sendUntilDeath(url: string, streams: readonly VmStream[], onAcknowledged: () => void): Promise<number> {
  const client = billingClient(url);
  let acknowledged = 0;
  for (let turn = 0; ; turn++) {
    const stream = streams[turn % streams.length];
    if (stream === undefined) throw new Error('a sender needs a VM');
    if (stream.waiting.length < 600) stream.take(600);
    const metrics = stream.waiting.slice(0, 1 + Math.floor(random() * 600));
    try {
      const { vmId, customerId } = stream;
      await client.sendMetricsBatch({ vmId, customerId, metrics: [...metrics] });
    } catch {
      return acknowledged;
    }
    stream.acknowledge(metrics.length);
    onAcknowledged();
    acknowledged += metrics.length;
  }
}

/** Kills billaged at a random moment after the first batch that it has acknowledged. @returns acknowledged samples */
async function killUnderLoad(billaged: ServiceProcess, streams: readonly VmStream[]): Promise<number> {
  const first = Promise.withResolvers<void>();
  const sending = Array.from({ length: senders }, (_, sender) =>
    sendUntilDeath(
      billaged.url,
      streams.filter((_, index) => index % senders === sender),
      first.resolve,
    ),
  );
  await first.promise;
  await sleep(random() * 500);
  await billaged.end('SIGKILL');
  return (await Promise.all(sending)).reduce((sum, count) => sum + count, 0);
}

/** Compares what the ledger has with what was sent. @returns samples that are in it although nobody was told */
async function expectNothingLostOrTwice(path: string, streams: readonly VmStream[]): Promise<number> {
  const ledger = openSqliteLedger({ path });
  let untold = 0;
  try {
    for (const stream of streams) {
      const [usage] = (await ledger.usage({ vmId: stream.vmId })).rows;
      const { sampleCount = 0, growth, memorySumBytes = 0n } = usage ?? {};
      // A VM has one batch under way at a time, so beyond what was acknowledged there is a part of what waits, or nothing.
      const beyond = sampleCount - stream.billed(0).sampleCount;
      expect(beyond).toBeGreaterThanOrEqual(0);
      const found = { sampleCount, cpuNanos: growth?.cpuNanos ?? 0n, memorySumBytes };
      expect(found).toEqual(stream.billed(beyond));
      untold += beyond;
    }
  } finally {
    await ledger.close();
  }
  return untold;
}

test(
  `killed ${rounds} times under load, billaged has every acknowledged sample once`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'billed-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'billaged.db');
    const streams = Array.from({ length: 2 * senders }, (_, index) => createVmStream(`ud-${index}`, 'acme', random));
    let acknowledged = 0;
    let untold = 0;
    for (let round = 0; round < rounds; round++) {
      const billaged = await startServiceProcess('billaged-sim', { BILLAGED_DATABASE: path, LOG_LEVEL: 'info' });
      acknowledged += await killUnderLoad(billaged, streams);
      untold += await expectNothingLostOrTwice(path, streams);
    }
    process.stdout.write(
      `measured: ${rounds} kills, ${acknowledged} samples acknowledged, none lost, none twice; ${untold} were billed without an answer and sent again\n`,
    );
    expect(acknowledged).toBeGreaterThan(0);
  },
  120_000 + rounds * 10_000,
);
