import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startServiceProcess } from '../support/service-process.ts';
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
  async 'billaged hangs, and continues'(_metald, billaged) {
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

test(`over ${rounds} rounds of crashes exactly the stored samples are billed, each once`, {
  timeout: 120_000 + rounds * roundLimitMs,
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
  // What is stored is durable before metald says so: a crash in between leaves the last batches of a VM without their lines.
  const unannounced = bill.batches.filter((batch) => !storedNames.has(nameOf(batch)));
  const announcedSamples = stored.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
  const unannouncedSamples = unannounced.reduce((sum, { times }) => sum + times.length, 0);

  expect(missing).toEqual([]);
  expect(bill.samples).toBe(announcedSamples + unannouncedSamples);
  expect(announcedAfterUnannounced(bill.batches, storedNames)).toEqual([]);
  // Those of the metald that ended in order have their lines.
  expect(metald.vmIds().filter((vmId) => unannounced.some((batch) => batch.vmId === vmId))).toEqual([]);
  expect(inOrder(bill.batches)).toBe(true);
  process.stdout.write(
    `billing-crash: ${rounds} rounds, ${stored.length} batches stored, ${bill.samples} samples billed, ${bill.repetitions} batches came twice, ${unannounced.length} unannounced\n`,
  );
});

/** Batches with a line in the log that come after one of the same VM without. */
function announcedAfterUnannounced(
  batches: Awaited<ReturnType<typeof readBill>>['batches'],
  storedNames: ReadonlySet<string>,
): string[] {
  const withoutLine = new Set<string>();
  return batches.flatMap((batch) => {
    if (storedNames.has(nameOf(batch))) return withoutLine.has(batch.vmId) ? [nameOf(batch)] : [];
    withoutLine.add(batch.vmId);
    return [];
  });
}

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

test('the bill has exactly the samples that the killed metalds had stored', {
  timeout: 120_000 + rounds * roundLimitMs,
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
    const differences = [...stored].map(([vmId, samples]) => [vmId, (billed.get(vmId) ?? 0) - samples] as const);
    expect(stored.size).toBeGreaterThan(4);
    // Whole batches may be stored before a crash without lines that say so; they are billed all the same.
    expect(differences.filter(([, samples]) => samples < 0 || samples % batchSize !== 0)).toEqual([]);
    const ended = new Set(metald.vmIds());
    expect(differences.filter(([vmId, samples]) => ended.has(vmId) && samples !== 0)).toEqual([]);
    // VMs that went with their metald are not open at billaged for ever.
    expect(billaged.log().filter(({ msg }) => msg === 'final usage summary').length).toBeGreaterThanOrEqual(
      4 * crashes,
    );
  } finally {
    await billaged.end('SIGKILL');
  }
});
