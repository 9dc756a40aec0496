import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startServiceProcess } from '../processes/service-process.ts';
import {
  batchSize,
  type CrashingBillaged,
  type CrashingMetald,
  createTestFolder,
  startCrashingBillaged,
  startCrashingMetald,
} from './crashing-services.ts';
import { nameOf, readBill } from './recorded-batches.ts';

/** Rounds of crashes. The long proof has 50: `BILLING_CRASH_ROUNDS=50`. */
const rounds = Number(process.env['BILLING_CRASH_ROUNDS'] ?? 5);

/** What a round may take on a slow machine. */
const roundLimitMs = 15_000;

const aWhile = () => sleep(50 + 350 * Math.random());

/** What can go wrong between the two. Each ends with both running. */
const accidents: Readonly<Record<string, (metald: CrashingMetald, billaged: CrashingBillaged) => Promise<void>>> = {
  async 'metald is killed'(metald) {
    await metald.crash();
  },
  async 'billaged is killed'(_metald, billaged) {
    await billaged.kill();
    await billaged.start();
  },
  async 'the connection is refused, and metald is killed meanwhile'(metald, billaged) {
    await billaged.kill();
    await aWhile();
    await metald.crash();
    await aWhile();
    await billaged.start();
  },
  async 'billaged hangs, and goes on'(_metald, billaged) {
    billaged.freeze();
    await aWhile();
    billaged.thaw();
  },
  async 'billaged hangs, metald is killed, then billaged is killed'(metald, billaged) {
    billaged.freeze();
    await aWhile();
    await metald.crash();
    await aWhile();
    await billaged.kill();
    await billaged.start();
  },
};

test(`over ${rounds} rounds of crashes every stored batch is billed, each sample once, and none is invented`, {
  timeout: 60_000 + rounds * roundLimitMs,
}, async () => {
  const folder = await createTestFolder();
  const billaged = await startCrashingBillaged(folder);
  const metald = await startCrashingMetald(billaged.url, folder);
  const names = Object.keys(accidents);
  for (let round = 0; round < rounds; round += 1) {
    await aWhile();
    await accidents[names[round % names.length] ?? '']?.(metald, billaged);
  }
  await metald.drain();
  expect(await metald.end()).toMatchObject({ metrics_dropped: 0, metrics_left_in_spool: 0 });

  const stored = metald.stored();
  const bill = await readBill(billaged.file);
  const billed = new Set(bill.batches.map(nameOf));
  const storedNames = new Set(stored.map(({ name }) => name));
  const missing = stored.filter(({ name }) => !billed.has(name));
  // What is stored is durable a moment before metald says so: one batch in each crash may be billed without its line.
  const unannounced = bill.batches.filter((batch) => !storedNames.has(nameOf(batch)));
  const announcedSamples = stored.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
  const unannouncedSamples = unannounced.reduce((sum, { times }) => sum + times.length, 0);

  expect(missing).toEqual([]);
  expect(bill.samples).toBe(announcedSamples + unannouncedSamples);
  expect(unannounced.length).toBeLessThanOrEqual(rounds);
  expect(inOrder(bill.batches)).toBe(true);
  process.stdout.write(
    `billing-crash: ${rounds} rounds, ${stored.length} batches stored, ${bill.samples} samples billed, ${bill.repetitions} batches came twice, ${unannounced.length} unannounced\n`,
  );
});

/** Whether the samples of each VM came first in the order of their times, and no time is in two batches. */
function inOrder(batches: Awaited<ReturnType<typeof readBill>>['batches']): boolean {
  const latest = new Map<string, number>();
  return batches
    .flatMap(({ vmId, times }) => times.map((time) => ({ vmId, time })))
    .every(({ vmId, time }) => {
      const isLater = time > (latest.get(vmId) ?? 0);
      latest.set(vmId, time);
      return isLater;
    });
}

test('the bill of billaged-sim has what the metalds that were killed had stored, to the sample', {
  timeout: 120_000,
}, async () => {
  const folder = await createTestFolder();
  const billaged = await startServiceProcess('billaged-sim');
  try {
    const metald = await startCrashingMetald(billaged.url, folder);
    const crashes = Math.ceil(rounds / 2);
    for (let crash = 0; crash < crashes; crash += 1) {
      await aWhile();
      await metald.crash();
    }
    await metald.drain();
    const account = await metald.end();
    expect(account).toMatchObject({ metrics_dropped: 0, metrics_left_in_spool: 0 });
    await billaged.end();

    const stored = new Map<string, number>();
    for (const { vmId, sampleCount } of metald.stored()) stored.set(vmId, (stored.get(vmId) ?? 0) + sampleCount);
    const summaries = billaged.log().filter(({ msg }) => msg === 'final usage summary' || msg === 'usage summary');
    const billed = new Map(summaries.map((line) => [String(line['vm_id']), Number(line['sample_count'])]));
    const differences = [...stored].map(([vmId, samples]) => (billed.get(vmId) ?? 0) - samples);
    expect(stored.size).toBeGreaterThan(4);
    // The batch of the moment of a crash may be stored without a line that says so; it is billed all the same.
    expect(differences.filter((difference) => difference !== 0 && difference !== batchSize)).toEqual([]);
    expect(differences.filter((difference) => difference !== 0).length).toBeLessThanOrEqual(crashes);
    // VMs that went with their metald are not open at billaged for ever.
    expect(billaged.log().filter(({ msg }) => msg === 'final usage summary').length).toBeGreaterThanOrEqual(
      4 * crashes,
    );
  } finally {
    await billaged.end('SIGKILL');
  }
});
