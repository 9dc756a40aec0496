import fc from 'fast-check';
import { expect, test } from 'vitest';
import { profiles } from './profiles.ts';
import { usageFields, usageWidth } from './usage.ts';
import { VmTable } from './vm-table.ts';

const machine = { vcpus: 4, memoryBytes: 8 * 1024 ** 3 };
const seed = 7;
const midnight = Date.UTC(2025, 0, 1);
const names = profiles.map(({ name }) => name);
const memory = usageFields.indexOf('memoryBytes');

/** A VM that was booted at midnight, read as time goes by. */
function bootVm(ordinal: number, { of = seed, bootedAtMs = midnight } = {}) {
  const table = new VmTable(of);
  const slot = table.add({ ordinal, machine, unixMs: bootedAtMs });
  const { profile } = table.profileOf(slot);
  table.boot(slot, bootedAtMs);
  const usageAt = (afterMs: number) => {
    const amounts = new Float64Array(usageWidth);
    table.countUntil(slot, bootedAtMs + afterMs);
    table.readUsage(slot, amounts);
    return [...amounts];
  };
  const busyAt = (afterMs: number) => {
    table.countUntil(slot, bootedAtMs + afterMs);
    return table.cpuPercentOf(slot);
  };
  return { table, slot, profile, usageAt, busyAt };
}

/** The first VM of a kind. */
function bootVmOf(profile: string) {
  for (let ordinal = 0; ordinal < 1_000; ordinal += 1) {
    const vm = bootVm(ordinal);
    if (vm.profile === profile) return vm;
  }
  throw new Error(`none of a thousand VMs is ${profile}`);
}

test('usage is the same however often and whenever it is counted', () => {
  fc.assert(
    fc.property(
      fc.record({
        ordinal: fc.nat(1_000),
        of: fc.nat(),
        steps: fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 100 }),
      }),
      ({ ordinal, of, steps }) => {
        const often = bootVm(ordinal, { of });
        let afterMs = 0;
        for (const step of steps) {
          afterMs += step;
          often.usageAt(afterMs);
        }
        expect(often.usageAt(afterMs)).toEqual(bootVm(ordinal, { of }).usageAt(afterMs));
      },
    ),
  );
});

test('counters never fall, are whole, and are never more than the machine can do', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.array(fc.integer({ min: 1, max: 20_000 }), { maxLength: 200 }), (ordinal, steps) => {
      const { usageAt } = bootVm(ordinal);
      let before = usageAt(0);
      let afterMs = 0;
      for (const step of steps) {
        afterMs += step;
        const now = usageAt(afterMs);
        for (const [field, amount] of now.entries()) {
          expect(Number.isSafeInteger(amount)).toBe(true);
          if (field !== memory) expect(amount).toBeGreaterThanOrEqual(before[field] ?? Infinity);
        }
        expect((now[0] ?? Infinity) - (before[0] ?? 0)).toBeLessThanOrEqual(1e6 * step * machine.vcpus + 1);
        expect(now[memory]).toBeGreaterThan(0);
        expect(now[memory]).toBeLessThanOrEqual(machine.memoryBytes);
        before = now;
      }
    }),
    { numRuns: 30 },
  );
});

test('another seed, another VM and another boot have another load', () => {
  const loadOf = (ordinal: number, of: number) => bootVm(ordinal, { of }).usageAt(5_000);
  expect(loadOf(0, 2)).not.toEqual(loadOf(0, 1));
  expect(loadOf(1, 1)).not.toEqual(loadOf(0, 1));
  const { table, slot, usageAt } = bootVm(0);
  const first = usageAt(5_000);
  table.boot(slot, midnight);
  expect(usageAt(5_000)).not.toEqual(first);
});

test('a thousand VMs are mixed by the weights of the profiles', () => {
  const counts = new Map(names.map((name) => [name, 0]));
  for (let ordinal = 0; ordinal < 1_000; ordinal += 1) {
    const { profile } = bootVm(ordinal);
    counts.set(profile, (counts.get(profile) ?? 0) + 1);
  }
  expect(profiles.reduce((sum, { weight }) => sum + weight, 0)).toBe(100);
  for (const { name, weight } of profiles) expect(Math.abs((counts.get(name) ?? 0) - 10 * weight)).toBeLessThan(50);
});

test.for(names)('%s: whoever computes also reads, writes, receives and sends', (name) => {
  for (const amount of bootVmOf(name).usageAt(900_000)) expect(amount).toBeGreaterThan(0);
});

test('idle: three hundredths of the processors are busy at most', () => {
  const { busyAt } = bootVmOf('idle');
  const busy = Array.from({ length: 600 }, (_, second) => busyAt(1_000 * second));
  expect(Math.max(...busy)).toBeLessThanOrEqual(3);
  expect(Math.min(...busy)).toBeGreaterThanOrEqual(1);
});

test('web: busy for three tenths of a day, mostly in the afternoon; sends the most', () => {
  const { usageAt } = bootVmOf('web');
  const hours = Array.from({ length: 25 }, (_, hour) => (usageAt(3_600_000 * hour)[0] ?? 0) / 1e9);
  const used = hours.slice(1).map((seconds, hour) => seconds - (hours[hour] ?? 0));
  expect((hours[24] ?? 0) / (86_400 * machine.vcpus)).toBeCloseTo(0.3, 2);
  expect([13, 14]).toContain(used.indexOf(Math.max(...used)));
  expect([1, 2]).toContain(used.indexOf(Math.min(...used)));
  const [, , read = 0, write = 0, rx = 0, tx = 0] = usageAt(86_400_000);
  expect(tx).toBeGreaterThan(read + write + rx);
});

test('batch: a job of one to three minutes in every five that reads, then writes', () => {
  const { busyAt } = bootVmOf('batch');
  for (let window = 0; window < 20; window += 1) {
    const seconds = Array.from({ length: 300 }, (_, second) => 300 * window + second);
    const busy = seconds.filter((second) => busyAt(1_000 * second) > 50);
    expect(busy.length).toBeGreaterThanOrEqual(59);
    expect(busy.length).toBeLessThanOrEqual(181);
    const [first = 0, last = 0] = [busy[0], busy.at(-1)];
    expect(last - first).toBe(busy.length - 1);
  }
  const again = bootVmOf('batch');
  const firstBusy = Array.from({ length: 300 }, (_, second) => second).find(
    (second) => again.busyAt(1_000 * second) > 50,
  );
  const start = again.usageAt(1_000 * (firstBusy ?? 0));
  const soon = again.usageAt(1_000 * ((firstBusy ?? 0) + 20));
  const grown = (field: 'diskReadBytes' | 'diskWriteBytes') =>
    (soon[usageFields.indexOf(field)] ?? 0) - (start[usageFields.indexOf(field)] ?? 0);
  expect(grown('diskReadBytes')).toBeGreaterThan(10 * grown('diskWriteBytes'));
});

test('bursty: mostly quiet, with bursts of a few seconds', () => {
  const { busyAt } = bootVmOf('bursty');
  const isBusy = Array.from({ length: 3_600 }, (_, second) => busyAt(1_000 * second) > 30);
  const share = isBusy.filter(Boolean).length / isBusy.length;
  expect(share).toBeGreaterThan(0.08);
  expect(share).toBeLessThan(0.22);
  const bursts = isBusy
    .join('')
    .split('false')
    .filter((burst) => burst !== '');
  for (const burst of bursts) expect(burst.length / 'true'.length).toBeLessThanOrEqual(17);
  expect(bursts.length).toBeGreaterThan(60);
});

test('memory-growing: memory rises for an hour at least, then falls, and rises again', () => {
  const { usageAt } = bootVmOf('memory-growing');
  const minutes = Array.from({ length: 400 }, (_, minute) => usageAt(60_000 * (minute + 5))[memory] ?? 0);
  const isFall = minutes.slice(1).map((bytes, index) => bytes < (minutes[index] ?? 0));
  const firstFall = isFall.indexOf(true);
  expect(firstFall).toBeGreaterThanOrEqual(54);
  expect(firstFall).toBeLessThanOrEqual(180);
  expect(Math.max(...minutes)).toBeGreaterThan(0.9 * machine.memoryBytes);
  expect(Math.min(...minutes.slice(firstFall))).toBeLessThan(0.3 * machine.memoryBytes);
});
