import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom, eventually, readMetric, scrape } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { validConfig, vmClient } from '../support/clients.ts';
import { compareBills, owedBill, readBill, readTruth, readTruthAtOnce, type TruthRow } from './bill-and-truth.ts';
import {
  billagedFaults,
  clockSkewSeconds,
  metaldFaults,
  type ScheduledFault,
  switchAllOff,
  switchOn,
} from './fault-schedule.ts';
import { startMortalBillaged, startSamplingMetald } from './sampling-services.ts';

/** Rounds of faults. The long proof has 40: `BILLING_EXACTNESS_ROUNDS=40`. */
const rounds = Number(process.env['BILLING_EXACTNESS_ROUNDS'] ?? 6);

/** Samples of each VM that are compared while there is no fault. */
const undisturbedSamples = 60;

const random = createRandom(Number(process.env['BILLING_EXACTNESS_SEED'] ?? 3));

function pick<T>(choices: readonly T[]): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error('there is nothing to choose from');
  return choice;
}

/** Both services, and what can be done to VMs. */
async function startBoth() {
  const folder = await mkdtemp(join(tmpdir(), 'billing-exactness-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const billaged = await startMortalBillaged(folder);
  const metald = await startSamplingMetald(billaged.url, folder);
  const vms = vmClient(metald.url);
  const running: string[] = [];

  async function begin(customer: string): Promise<string> {
    const { vmId } = await vms.createVm({ config: validConfig }, { headers: { baggage: `tenant_id=${customer}` } });
    await vms.bootVm({ vmId });
    running.push(vmId);
    return vmId;
  }
  /** What it was is in the truth though it is gone; and another gets its slot. */
  async function end(vmId: string | undefined) {
    if (vmId === undefined) return;
    await vms.shutdownVm({ vmId });
    await vms.deleteVm({ vmId });
  }
  return {
    billaged,
    metald,
    vms,
    begin,
    async disturbVms() {
      await begin(pick(['acme', 'globex', 'initech']));
      await vms.rebootVm({ vmId: pick(running) });
      const paused = pick(running);
      await vms.pauseVm({ vmId: paused });
      await sleep(100 * random());
      await vms.resumeVm({ vmId: paused });
      if (random() < 0.4) await end(running.splice(Math.floor(random() * running.length), 1)[0]);
    },
    runningVms: (): readonly string[] => running,
    async endAllVms() {
      while (running.length > 0) await end(running.pop());
    },
    readFromMetald: async (metric: string) => readMetric(await scrape(metald.metricsUrl), metric),
    readFromBillaged: async (metric: string) => readMetric(await scrape(billaged.metricsUrl), metric),
  };
}
type Both = Awaited<ReturnType<typeof startBoth>>;

/** Waits until billaged has everything that was stored for it. */
async function untilNothingWaits({ readFromMetald }: Both): Promise<void> {
  const waiting = () => readFromMetald('metald_billing_queue_batches');
  // As long as it takes, if it continues.
  for (let left = await waiting(); left > 0; ) left = await eventually(waiting, (batches) => batches < left);
}

/** Lets faults strike on both sides while VMs come, change and go. @returns the kinds of faults */
async function runRounds({ metald, billaged, disturbVms }: Both): Promise<Set<string>> {
  const struck = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    // Each fault has its turn; which of the other side strikes with it is drawn.
    const faults: readonly [string, ScheduledFault][] = [
      [metald.url, metaldFaults[round % metaldFaults.length] ?? pick(metaldFaults)],
      [billaged.url, billagedFaults[round % billagedFaults.length] ?? pick(billagedFaults)],
      [billaged.url, pick(billagedFaults)],
    ];
    for (const [url, fault] of faults) {
      await switchOn(url, fault);
      struck.add(fault.name);
    }
    await disturbVms();
    await sleep(300 + 700 * random());
    if (random() < 0.5) await billaged.killAndStart();
    await disturbVms();
    await switchAllOff(billaged.url);
    await switchAllOff(metald.url);
  }
  return struck;
}

/** Reboots a VM so that no counter falls from one sample to the next: in between it has used more than before. */
async function rebootWithoutAFall({ metald, vms, begin }: Both): Promise<void> {
  const vmId = await begin('globex');
  const read = async () => (await readTruth(metald.url)).find(({ vm_id }) => vm_id === vmId);
  await eventually(read, (vm) => vm !== undefined && vm.sample_count > 1);
  await switchOn(metald.url, { name: 'sample-gaps', body: { size: 1 } });
  await vms.rebootVm({ vmId });
  await eventually(read, (vm) => vm !== undefined && hasUsedMoreThanBefore(vm));
  await switchAllOff(metald.url);
}

function hasUsedMoreThanBefore({ lives, this_life, total }: TruthRow): boolean {
  return lives > 1 && 2n * BigInt(this_life.cpu_time_nanos) > BigInt(total.cpu_time_nanos);
}

/** Without a fault each tick has a sample of every VM, with the time of the clock, and nothing is sent twice. */
async function expectUndisturbedSampling(both: Both): Promise<void> {
  const { metald, runningVms, readFromBillaged } = both;
  await untilNothingWaits(both);
  const duplicates = await readFromBillaged('billaged_metrics_duplicate_total');
  const vmIds = new Set(runningVms());
  const readRunning = async () => (await readTruthAtOnce(metald.url)).filter(({ vm_id }) => vmIds.has(vm_id));
  const grownSince = (before: readonly TruthRow[], now: readonly TruthRow[]) =>
    now.map(({ sample_count }, row) => sample_count - (before[row]?.sample_count ?? 0));
  const untilGrown = (before: readonly TruthRow[], by: number) =>
    eventually(readRunning, (now) => grownSince(before, now).every((grown) => grown >= by));
  // Samples that were ahead of the clock are caught up with when each VM has a new one.
  const before = await untilGrown(await readRunning(), 1);
  const beganAtMs = Date.now();
  const after = await untilGrown(before, undisturbedSamples);
  const [first, ...others] = grownSince(before, after);
  expect(others.length).toBeGreaterThan(0);
  expect(new Set(others)).toEqual(new Set([first]));
  for (const { last_timestamp } of after) {
    expect(Number(last_timestamp) / 1e6).toBeGreaterThanOrEqual(beganAtMs);
    expect(Number(last_timestamp) / 1e6).toBeLessThanOrEqual(Date.now());
  }
  await untilNothingWaits(both);
  expect(await readFromBillaged('billaged_metrics_duplicate_total')).toBe(duplicates);
}

test(`over ${rounds} rounds of faults the bill is what machines have used, to the last unit`, {
  timeout: 120_000 + rounds * 15_000,
}, async () => {
  const beganAtMs = Date.now();
  const both = await startBoth();
  const { billaged, metald, begin, readFromMetald } = both;
  for (const customer of ['acme', 'globex', 'initech', 'acme']) await begin(customer);
  const struck = await runRounds(both);
  await rebootWithoutAFall(both);
  await expectUndisturbedSampling(both);
  // The end of a VM sends what its last batch has.
  await both.endAllVms();
  await untilNothingWaits(both);

  const truth = await readTruth(metald.url);
  const bill = await readBill(billaged.url);
  expect(compareBills(bill, owedBill(truth))).toEqual([]);
  expect(bill.length).toBeGreaterThan(4);
  for (const { first_sample, last_sample } of bill) {
    expect(Date.parse(first_sample)).toBeGreaterThanOrEqual(beganAtMs);
    expect(Date.parse(last_sample)).toBeLessThanOrEqual(Date.now() + 1_000 * clockSkewSeconds);
  }
  expect(await readFromMetald('metald_billing_metrics_dropped_total')).toBe(0);
  const samples = bill.reduce((sum, vm) => sum + vm.samples, 0);
  expect(await readFromMetald('metald_billing_metrics_collected_total')).toBe(samples);
  const share = notSampledShare(truth);
  process.stdout.write(
    `measured: ${rounds} rounds, ${struck.size} kinds of faults, ${bill.length} VMs, ${samples} samples, all of them billed once; ${(100 * share).toFixed(2)} % of the processor time was used after the last sample of a life\n`,
  );
});

function notSampledShare(truth: readonly TruthRow[]): number {
  const sum = (of: 'total' | 'not_sampled') => truth.reduce((all, row) => all + Number(row[of].cpu_time_nanos), 0);
  return sum('not_sampled') / sum('total');
}
