import { fromBinary } from '@bufbuild/protobuf';
import { createCatalogue } from '@vmobs/telemetry/exposition';
import { SendMetricsBatchRequestSchema, type VMMetrics } from '@vmobs/wire/billing';
import { expect, test } from 'vitest';
import { createFleet } from '../fleet/fleet.ts';
import { noiseAt } from '../fleet/noise.ts';
import { createMetaldMetrics } from '../metrics/metrics.ts';
import { createBatcher } from './batcher.ts';
import type { Batch } from './messages.ts';
import { startSampler } from './sampler.ts';

/** How long a slow machine may take. */
const patience = { timeout: 100_000, interval: 1 };
const machine = { vcpus: 2, memoryBytes: 1024 ** 3 };
const counters = ['cpuTimeNanos', 'diskReadBytes', 'diskWriteBytes', 'networkRxBytes', 'networkTxBytes'] as const;

/** The bill for the samples of a VM: growth from one to the next; a counter that fell began at zero. */
function bill(samples: readonly VMMetrics[]) {
  return counters.map((counter) => {
    let sum = 0n;
    let before = 0n;
    for (const { [counter]: now } of samples) {
      sum += now < before ? now : now - before;
      before = now;
    }
    return sum;
  });
}

/** A fleet with a clock that only a test moves, and all batches of it. */
function sampleTestFleet() {
  const clock = { now: Date.UTC(2025, 0, 1) };
  const hypervisor = { perform: async () => undefined };
  const fleet = createFleet({ maxVms: 100, seed: 1, hypervisor, now: () => clock.now });
  const batches: Batch[] = [];
  const batcher = createBatcher({ batchSize: 7, outbox: { add: (batch) => void batches.push(batch) } });
  const sampler = startSampler({
    slots: fleet.slots,
    batcher,
    metrics: createMetaldMetrics(createCatalogue()),
    intervalMs: 2,
    now: () => clock.now,
  });
  const adopt = (size = machine) => fleet.adopt({ customerId: 'acme', config: undefined, machine: size });
  /** Lets time pass, and a tick sample what was used in it. */
  const pass = async (milliseconds: number) => {
    clock.now += milliseconds;
    const running = new Set(Array.from(fleet.running(), ({ id }) => id));
    const ofRunning = () => [...fleet.used.all()].filter(({ vmId }) => running.has(vmId));
    await expect.poll(() => ofRunning().every(({ lastMs }) => lastMs === clock.now), patience).toBe(true);
  };
  return { fleet, sampler, batcher, batches, adopt, pass };
}

test('batches add up exactly to the usage of the machines, whatever happens to VMs', async () => {
  const { fleet, sampler, batcher, batches, adopt, pass } = sampleTestFleet();
  for (let count = 0; count < 5; count += 1) adopt();
  for (let step = 0; step < 150; step += 1) {
    // Now and then so long that one step uses more than the whole boot before it. 2 ms at least: the zeros of a reboot take
    // the first when the VM was sampled right before it.
    await pass(2 + Math.floor(200 * noiseAt(1, 4 * step)) + (noiseAt(1, 4 * step + 1) < 0.1 ? 3_600_000 : 0));
    const vms = [...fleet.all()];
    const vm = vms[Math.floor(noiseAt(1, 4 * step + 2) * vms.length)];
    if (vm === undefined) throw new Error('the fleet is empty');
    const what = Math.floor(5 * noiseAt(1, 4 * step + 3));
    if (vm.state === 'paused') await fleet.resume(vm.id);
    else if (what === 0) await fleet.pause(vm.id);
    else if (what === 1 || what === 2) await fleet.reboot(vm.id);
    else if (what === 3) {
      await fleet.shutdown(vm.id);
      // Every other time its open batch is not flushed: the next VM in its slot does that.
      if (step % 2 === 0) batcher.flush(vm);
      await fleet.delete(vm.id);
      adopt();
    }
  }
  sampler.stop();
  batcher.flushAll();

  const samples = new Map<string, VMMetrics[]>();
  for (const { vmId, bytes, sampleCount, firstTimestamp, lastTimestamp } of batches) {
    const { metrics, vmId: writtenId } = fromBinary(SendMetricsBatchRequestSchema, bytes);
    const times = metrics.map(
      ({ timestamp }) => 1_000_000_000n * (timestamp?.seconds ?? 0n) + BigInt(timestamp?.nanos ?? 0),
    );
    expect([writtenId, metrics.length, times[0], times.at(-1)]).toEqual([
      vmId,
      sampleCount,
      firstTimestamp,
      lastTimestamp,
    ]);
    samples.set(vmId, [...(samples.get(vmId) ?? []), ...metrics]);
  }
  const all = [...fleet.used.all()];
  expect(all.length).toBeGreaterThan(10);
  expect(all.some(({ boots }) => boots > 2)).toBe(true);
  for (const { vmId, total, notSampled, sampleCount } of all) {
    const ofVm = samples.get(vmId) ?? [];
    expect(ofVm).toHaveLength(sampleCount);
    // The clock moves only when everything is sampled.
    expect(new Set(Object.values(notSampled))).toEqual(new Set([0n]));
    expect(bill(ofVm)).toEqual([
      total.cpuNanos,
      total.diskReadBytes,
      total.diskWriteBytes,
      total.networkRxBytes,
      total.networkTxBytes,
    ]);
  }
  expect(samples.size).toBe(all.length);
  expect(sampler.sampleCount).toBe(all.reduce((sum, { sampleCount }) => sum + sampleCount, 0));
});

test('the usage of a VM that has used more than a sample can say is billed', async () => {
  const { fleet, sampler, batcher, batches, adopt, pass } = sampleTestFleet();
  const { id } = adopt({ ...machine, vcpus: 2_550 });
  const hour = 3_600_000;
  for (let count = 0; count < 30; count += 1) await pass(hour / 3);
  await fleet.reboot(id);
  for (let count = 0; count < 30; count += 1) await pass(hour / 3);
  sampler.stop();
  batcher.flushAll();
  const samples = batches.flatMap(({ bytes }) => fromBinary(SendMetricsBatchRequestSchema, bytes).metrics);
  for (const sample of samples) expect(sample.cpuTimeNanos).toBeLessThan(2n ** 53n);
  const [used] = [...fleet.used.all()];
  expect(used?.total.cpuNanos).toBeGreaterThan(2n ** 54n);
  expect(bill(samples)).toEqual(Object.values(used?.total ?? {}));
});
