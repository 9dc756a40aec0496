import { startBillaged } from '@vmobs/billaged-sim';
import { type MetaldOptions, startMetald } from '@vmobs/metald-sim';
import { eventually, readMetric, scrape } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { validConfig, vmClient } from '../support/clients.ts';
import { compareBills, counterNames, owedBill, readBill, readTruth } from './bill-and-truth.ts';

/*
 * The proof of the proof: with a fault between the sampler and the batches, the comparison of `billing-exactness.test.ts`
 * finds a difference. Everything happens at times that the test sets, so that it knows which.
 */

type AddSample = ReturnType<NonNullable<MetaldOptions['wrapSampleSink']>>['add'];
type WrapSampleSink = (sink: AddSample) => AddSample;

const hourMs = 3_600_000;

/** Places in a row of amounts. */
const place = { cpu: 0, diskRead: 2, diskWrite: 3 };

const none: WrapSampleSink = (sink) => sink;

const halveEveryAmount: WrapSampleSink = (sink) => (vm, unixMs, amounts) =>
  sink(
    vm,
    unixMs,
    amounts.map((amount) => Math.floor(amount / 2)),
  );

const leaveOneSampleOut: WrapSampleSink = (sink) => {
  let count = 0;
  return (vm, unixMs, amounts) => {
    count += 1;
    if (count !== 20) sink(vm, unixMs, amounts);
  };
};

const takeOneSampleTwice: WrapSampleSink = (sink) => {
  let count = 0;
  return (vm, unixMs, amounts) => {
    count += 1;
    sink(vm, unixMs, amounts);
    if (count === 20) sink(vm, unixMs, amounts);
  };
};

const swapReadAndWritten: WrapSampleSink = (sink) => (vm, unixMs, amounts) => {
  const swapped = amounts.slice();
  swapped[place.diskRead] = amounts[place.diskWrite] ?? 0;
  swapped[place.diskWrite] = amounts[place.diskRead] ?? 0;
  sink(vm, unixMs, swapped);
};

const shiftTimes =
  (byMs: number): WrapSampleSink =>
  (sink) =>
  (vm, unixMs, amounts) =>
    sink(vm, unixMs + byMs, amounts);

const missReboots: WrapSampleSink = (sink) => {
  const sampled = new Set<string>();
  return (vm, unixMs, amounts) => {
    // A reboot is written down with zeros; the first sample of a VM may have them, too.
    const isReboot = sampled.has(vm.id) && amounts[place.cpu] === 0;
    sampled.add(vm.id);
    if (!isReboot) sink(vm, unixMs, amounts);
  };
};

/** Both services in this process, with a clock that only the test moves. */
async function startBoth(wrapSampleSink: WrapSampleSink) {
  const clock = { now: Date.UTC(2026, 0, 31, 12) };
  const quiet = { port: 0, metricsPort: 0, logLevel: 'silent', now: () => clock.now } as const;
  const billaged = await startBillaged(quiet);
  onTestFinished(billaged.close);
  const metald = await startMetald({
    ...quiet,
    billingEndpoint: billaged.url,
    billingIntervalMs: 5,
    billingBatchSize: 10,
    hypervisor: { perform: async () => undefined },
    simControl: true,
    wrapSampleSink: (sink) => ({ add: wrapSampleSink(sink.add) }),
  });
  onTestFinished(metald.close);
  const vms = vmClient(metald.url);
  const running = new Set<string>();
  return {
    vms,
    metald,
    billaged,
    running,
    async begin(customer: string): Promise<string> {
      const { vmId } = await vms.createVm({ config: validConfig }, { headers: { baggage: `tenant_id=${customer}` } });
      await vms.bootVm({ vmId });
      running.add(vmId);
      return vmId;
    },
    /** Lets time pass, until all that runs has been sampled at the end of it. */
    async pass(milliseconds: number) {
      clock.now += milliseconds;
      const wanted = String(BigInt(clock.now) * 1_000_000n);
      const ofRunning = async () => (await readTruth(metald.url)).filter(({ vm_id }) => running.has(vm_id));
      await eventually(ofRunning, (rows) => rows.every(({ last_timestamp }) => last_timestamp === wanted));
    },
  };
}

/** Lets two VMs run, and tells in which fields the bill is not what their machines have used. */
async function runAndCompare(wrapSampleSink: WrapSampleSink) {
  const { vms, metald, billaged, running, begin, pass } = await startBoth(wrapSampleSink);
  const rebooted = await begin('acme');
  const paused = await begin('globex');
  for (let step = 0; step < 5; step += 1) await pass(200);
  await vms.rebootVm({ vmId: rebooted });
  // By its next sample it has used more than in its whole life before: no counter falls.
  await pass(100_000);
  await vms.pauseVm({ vmId: paused });
  running.delete(paused);
  await pass(500);
  await vms.resumeVm({ vmId: paused });
  running.add(paused);
  for (let step = 0; step < 20; step += 1) await pass(100);
  for (const vmId of running) await vms.shutdownVm({ vmId });
  const read = async ({ telemetry }: typeof metald | typeof billaged, metric: string) =>
    readMetric(await scrape(telemetry.metricsUrl), metric);
  await eventually(
    () => read(metald, 'metald_billing_queue_batches'),
    (left) => left === 0,
  );

  const truth = await readTruth(metald.url);
  expect(truth.map(({ lives }) => lives).sort()).toEqual([1, 2]);
  // Time moves only when all is sampled, so nothing of what was used may be missing on the bill.
  for (const { not_sampled } of truth) expect(new Set(Object.values(not_sampled))).toEqual(new Set(['0']));
  const differences = compareBills(await readBill(billaged.url), owedBill(truth));
  return {
    fields: [...new Set(differences.map(({ field }) => field))].sort(),
    duplicates: await read(billaged, 'billaged_metrics_duplicate_total'),
    dropped: await read(metald, 'metald_billing_metrics_dropped_total'),
  };
}

test('a sampler without a fault makes a bill without a difference', async () => {
  expect(await runAndCompare(none)).toEqual({ fields: [], duplicates: 0, dropped: 0 });
});

test.for([
  ['halves every amount', halveEveryAmount, counterNames],
  ['leaves a sample out', leaveOneSampleOut, ['samples']],
  ['swaps two counters', swapReadAndWritten, ['disk_read_bytes', 'disk_write_bytes']],
  ['is an hour behind', shiftTimes(-hourMs), ['first_sample', 'last_sample']],
  ['misses a reboot', missReboots, ['samples', ...counterNames]],
] as const)('a sampler that %s makes a bill that differs', async ([, wrapSampleSink, fields]) => {
  const found = await runAndCompare(wrapSampleSink);
  expect(found).toEqual({ fields: [...fields].sort(), duplicates: 0, dropped: 0 });
});

test('a sampler that sends a sample twice changes no bill, and a duplicate is counted', async () => {
  expect(await runAndCompare(takeOneSampleTwice)).toEqual({ fields: [], duplicates: 1, dropped: 0 });
});

test('a sampler that is an hour ahead makes no bill', async () => {
  const { fields, dropped } = await runAndCompare(shiftTimes(hourMs));
  expect(fields).toEqual(['row']);
  expect(dropped).toBeGreaterThan(0);
});

test('a bill with two rows of one VM is no bill', () => {
  const row = {
    vm_id: 'vm-1',
    customer_id: 'acme',
    samples: 1,
    first_sample: '2026-01-31T12:00:00.000000000Z',
    last_sample: '2026-01-31T12:00:00.000000000Z',
    cpu_time_nanos: '1',
    disk_read_bytes: '2',
    disk_write_bytes: '3',
    network_rx_bytes: '4',
    network_tx_bytes: '5',
  };
  expect(compareBills([row], [row])).toEqual([]);
  expect(() => compareBills([row, row], [row])).toThrow('a VM is on the bill twice');
});
