import { expect, test } from 'vitest';
import { initialUsage, type Usage } from './usage.ts';
import { createWorkload, type Workload } from './workload.ts';

const machine = { vcpus: 4, memoryBytes: 8 * 1024 ** 3 };
const seed = 7;
const midnight = Date.UTC(2025, 0, 1) / 1_000;
const profiles = ['idle', 'web', 'batch', 'bursty'] as const;

/** The load of the first VM of a kind. */
function workloadOf(profile: (typeof profiles)[number]): Workload {
  for (let ordinal = 0; ordinal < 1_000; ordinal += 1) {
    const workload = createWorkload(machine, { seed, ordinal });
    if (workload.profile === profile) return workload;
  }
  throw new Error(`none of a thousand VMs is ${profile}`);
}

/** Lets a load run in steps and gives its usage after each. */
function* run(workload: Workload, { steps, stepSeconds = 1 }: { steps: number; stepSeconds?: number }) {
  const usage = initialUsage(machine.memoryBytes);
  for (let step = 1; step <= steps; step += 1) {
    workload.advance(usage, stepSeconds, midnight + step * stepSeconds);
    yield { ...usage };
  }
}

function lastOf(usages: Iterable<Usage>): Usage {
  const last = [...usages].at(-1);
  if (last === undefined) throw new Error('the load did not run');
  return last;
}

test('the same seed and ordinal give the same load', () => {
  for (let ordinal = 0; ordinal < 20; ordinal += 1) {
    const [one, other] = [createWorkload(machine, { seed, ordinal }), createWorkload(machine, { seed, ordinal })];
    expect(other.profile).toBe(one.profile);
    expect([...run(other, { steps: 200 })]).toEqual([...run(one, { steps: 200 })]);
  }
});

test('another seed and another ordinal give another load', () => {
  const load = (options: { seed: number; ordinal: number }) =>
    [...run(createWorkload(machine, options), { steps: 5 })].map(({ cpuPercent }) => cpuPercent);
  expect(load({ seed: 2, ordinal: 0 })).not.toEqual(load({ seed: 1, ordinal: 0 }));
  expect(load({ seed: 1, ordinal: 1 })).not.toEqual(load({ seed: 1, ordinal: 0 }));
});

test('a thousand VMs are mixed by the weights of the kinds', () => {
  const counts = { idle: 0, web: 0, batch: 0, bursty: 0 };
  for (let ordinal = 0; ordinal < 1_000; ordinal += 1) {
    counts[createWorkload(machine, { seed, ordinal }).profile as keyof typeof counts] += 1;
  }
  const expected = { idle: 300, web: 400, batch: 150, bursty: 150 };
  for (const profile of profiles) expect(Math.abs(counts[profile] - expected[profile])).toBeLessThan(50);
});

test.for(profiles)('%s: counters never fall, and its processors are never more than busy', (profile) => {
  let before = initialUsage(machine.memoryBytes);
  for (const usage of run(workloadOf(profile), { steps: 5_000, stepSeconds: 0.1 })) {
    for (const counter of [
      'cpuNanos',
      'diskReadBytes',
      'diskWriteBytes',
      'networkRxBytes',
      'networkTxBytes',
    ] as const) {
      expect(usage[counter]).toBeGreaterThanOrEqual(before[counter]);
    }
    expect(usage.cpuPercent).toBeGreaterThanOrEqual(0);
    expect(usage.cpuPercent).toBeLessThanOrEqual(100);
    // A microsecond for rounding: the sum is a floating-point number.
    expect(usage.cpuNanos - before.cpuNanos).toBeLessThanOrEqual(0.1e9 * machine.vcpus + 1_000);
    expect(usage.memoryBytes).toBeGreaterThan(0);
    expect(usage.memoryBytes).toBeLessThanOrEqual(machine.memoryBytes);
    before = usage;
  }
});

test.for(profiles)('%s: reads, writes, received and sent bytes are as 8 to 4 to 2 to 1', (profile) => {
  const usage = lastOf(run(workloadOf(profile), { steps: 600 }));
  expect(usage.networkTxBytes).toBeGreaterThan(0);
  expect(usage.diskReadBytes / usage.networkTxBytes).toBeCloseTo(8, 6);
  expect(usage.diskWriteBytes / usage.networkTxBytes).toBeCloseTo(4, 6);
  expect(usage.networkRxBytes / usage.networkTxBytes).toBeCloseTo(2, 6);
});

test('a web VM is busy for three tenths of a day, most in the afternoon and least at night', () => {
  const hours: number[] = [];
  let cpuSeconds = 0;
  for (const [second, usage] of [...run(workloadOf('web'), { steps: 86_400 })].entries()) {
    if (second % 3_600 === 3_599) {
      hours.push(usage.cpuNanos / 1e9 - cpuSeconds);
      cpuSeconds = usage.cpuNanos / 1e9;
    }
  }
  expect(cpuSeconds / (86_400 * machine.vcpus)).toBeCloseTo(0.3, 2);
  expect([13, 14]).toContain(hours.indexOf(Math.max(...hours)));
  expect([1, 2]).toContain(hours.indexOf(Math.min(...hours)));
});

test('a batch VM has bursts that keep it busy for a minute', () => {
  const busy = [...run(workloadOf('batch'), { steps: 3_600 })].map(({ cpuPercent }) => cpuPercent > 50);
  const longest = Math.max(
    ...busy
      .join('')
      .split('false')
      .map((stretch) => stretch.length / 'true'.length),
  );
  expect(longest).toBeGreaterThanOrEqual(59);
  expect(busy).toContain(false);
});
