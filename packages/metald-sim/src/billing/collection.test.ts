import { fromBinary } from '@bufbuild/protobuf';
import { createCatalogue } from '@vmobs/telemetry';
import { SendMetricsBatchRequestSchema, type VMMetrics } from '@vmobs/wire/billing';
import { expect, test } from 'vitest';
import { draw } from '../fleet/draw.ts';
import { createFleet } from '../fleet/fleet.ts';
import { createMetaldMetrics } from '../metrics.ts';
import type { Batch } from './batch.ts';
import { startCollection } from './collection.ts';
import { createGroundTruth } from './ground-truth.ts';

/** How long a slow machine may take. */
const patience = { timeout: 20_000, interval: 1 };
const machine = { vcpus: 2, memoryBytes: 1024 ** 3 };
const counters = ['cpuTimeNanos', 'diskReadBytes', 'diskWriteBytes', 'networkRxBytes', 'networkTxBytes'] as const;

/** What anyone makes of the samples of a VM: growth from one to the next; a counter that fell began at zero. */
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
function collectTestFleet() {
  const clock = { now: Date.UTC(2025, 0, 1) };
  const hypervisor = { perform: async () => undefined };
  const fleet = createFleet({ maxVms: 100, seed: 1, hypervisor, now: () => clock.now });
  const truth = createGroundTruth(1_000);
  const catalogue = createCatalogue();
  const batches: Batch[] = [];
  const collection = startCollection({
    slots: fleet.slots,
    truth,
    metrics: createMetaldMetrics(catalogue),
    intervalMs: 2,
    batchSize: 7,
    now: () => clock.now,
    onBatch: (batch) => void batches.push(batch),
  });
  const adopt = () => fleet.adopt({ customerId: 'acme', config: undefined, machine });
  /** Lets time pass, and one tick at least see it. */
  const pass = async (milliseconds: number) => {
    clock.now += milliseconds;
    const running = Array.from(fleet.running());
    const areSampled = () => running.every((vm) => truth.lastMsOf(vm) === clock.now || vm.bootedAtMs === clock.now);
    await expect.poll(areSampled, patience).toBe(true);
  };
  return { fleet, truth, clock, collection, batches, adopt, pass };
}

test('whatever happens to VMs, their batches come to the truth, to the last unit', async () => {
  const { fleet, truth, collection, batches, adopt, pass } = collectTestFleet();
  for (let count = 0; count < 5; count += 1) adopt();
  for (let step = 0; step < 150; step += 1) {
    // Now and then so long that more is used in one step than in all the life before.
    await pass(1 + Math.floor(200 * draw(1, 4 * step)) + (draw(1, 4 * step + 1) < 0.1 ? 3_600_000 : 0));
    const vms = [...fleet.all()];
    const vm = vms[Math.floor(draw(1, 4 * step + 2) * vms.length)];
    if (vm === undefined) throw new Error('the fleet is empty');
    const what = Math.floor(5 * draw(1, 4 * step + 3));
    if (vm.state === 'paused') await fleet.resume(vm.id);
    else if (what === 0) await fleet.pause(vm.id);
    else if (what === 1 || what === 2) await fleet.reboot(vm.id);
    else if (what === 3) {
      await fleet.shutdown(vm.id);
      // Every other time nobody asks for the rest of it: the next VM in its slot brings it out.
      const rest = step % 2 === 0 ? collection.take(vm) : undefined;
      if (rest !== undefined) batches.push(rest);
      await fleet.delete(vm.id);
      adopt();
    }
  }
  collection.stop();
  batches.push(...collection.takeAll());

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
  const all = [...truth.all()];
  expect(all.length).toBeGreaterThan(10);
  expect(all.some(({ lives }) => lives > 2)).toBe(true);
  for (const { vmId, total, sampleCount } of all) {
    const ofVm = samples.get(vmId) ?? [];
    expect(ofVm).toHaveLength(sampleCount);
    expect(bill(ofVm)).toEqual([
      total.cpuNanos,
      total.diskReadBytes,
      total.diskWriteBytes,
      total.networkRxBytes,
      total.networkTxBytes,
    ]);
  }
  expect(samples.size).toBe(all.length);
  expect(collection.sampleCount).toBe(all.reduce((sum, { sampleCount }) => sum + sampleCount, 0));
});
