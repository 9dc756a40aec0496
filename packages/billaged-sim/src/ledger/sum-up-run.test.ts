import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSampleColumns } from './sample-columns.ts';
import { sumUpRun } from './sum-up-run.ts';

const hour = 472_222;
const amount = fc.oneof(fc.nat(1_000), fc.bigInt(0n, 2n ** 53n - 1n).map(Number));
/** Amounts that mostly grow, and steps between samples up to some above the ten minutes for which memory is held. */
const sample = fc.record({
  stepNanos: fc.oneof(fc.integer({ min: 1, max: 2e9 }), fc.constantFrom(120e9, 120e9 + 1, 600e9, 600e9 + 1)),
  memory: amount,
  counters: fc.tuple(amount, amount, amount, amount, amount),
});

test('sums are those of whole numbers of any size', () => {
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 40 }), (all) => {
      const columns = createSampleColumns(all.length);
      const times: bigint[] = [];
      for (const { stepNanos } of all) times.push((times.at(-1) ?? 0n) + BigInt(stepNanos));
      const count = times.filter((time) => time < 3_600_000_000_000n).length;
      for (const [row, { memory, counters }] of all.entries()) {
        const time = times[row] ?? 0n;
        columns.seconds[row] = hour * 3_600 + Number(time / 1_000_000_000n);
        columns.nanos[row] = Number(time % 1_000_000_000n);
        columns.memoryBytes[row] = memory;
        [columns.cpuNanos[row], columns.diskReadBytes[row], columns.diskWriteBytes[row]] = counters;
        [, , , columns.networkRxBytes[row], columns.networkTxBytes[row]] = counters;
      }
      const run = sumUpRun(columns, 0, count - 1);

      const samples = all.slice(0, count);
      let gaps = 0;
      let byteMillis = 0n;
      const growth = [0n, 0n, 0n, 0n, 0n];
      for (let row = 1; row < count; row++) {
        const [before, now] = [samples[row - 1], samples[row]];
        if (before === undefined || now === undefined) throw new RangeError('there are no such samples');
        const [earlier = 0n, later = 0n] = times.slice(row - 1, row + 1);
        if (later - earlier > 120_000_000_000n) gaps += 1;
        if (later - earlier <= 600_000_000_000n) {
          byteMillis += BigInt(before.memory) * (later / 1_000_000n - earlier / 1_000_000n);
        }
        for (const [index, value] of now.counters.entries()) {
          const last = before.counters[index] ?? 0;
          growth[index] = (growth[index] ?? 0n) + BigInt(value < last ? value : value - last);
        }
      }
      const memory = samples.map((one) => one.memory);
      expect(run).toMatchObject({ hour, first: Number(times[0]), last: Number(times[count - 1]), count, gaps });
      expect(run.growth.map(BigInt)).toEqual(growth);
      expect(BigInt(run.memoryByteMillis)).toBe(byteMillis);
      expect(BigInt(run.memorySum)).toBe(memory.reduce((sum, value) => sum + BigInt(value), 0n));
      expect([run.memoryMax, run.lastMemory]).toEqual([Math.max(...memory), memory.at(-1)]);
    }),
    { numRuns: 1_000 },
  );
});
