import { describe, expect, test } from 'vitest';
import type { UsageLedger, VmUsage } from '../ledger.ts';
import type { WithLedger } from './ledger-properties.ts';
import { billOf } from './usage-oracle.ts';
import { columnsOf, type UsageSample } from './usage-samples.ts';

const second = 1_000_000_000n;
const hour = 3_600;

/** A sample in which the counters are in a fixed ratio, so that one number says what it has. */
function sampleAt(seconds: number, amount: number, memoryBytes = 100): UsageSample {
  return { timeNanos: BigInt(seconds) * second, memoryBytes: BigInt(memoryBytes), counters: growthOf(amount) };
}

function growthOf(amount: number) {
  const used = BigInt(amount);
  return {
    cpuNanos: used,
    diskReadBytes: 8n * used,
    diskWriteBytes: 4n * used,
    networkRxBytes: 2n * used,
    networkTxBytes: 3n * used,
  };
}

/** Shorter ways to use a ledger with one VM in most tests. */
function ofOneVm(ledger: UsageLedger) {
  const trackedNow = async (): Promise<VmUsage[]> => Array.fromAsync(ledger.tracked());
  return {
    append: (...samples: UsageSample[]) =>
      ledger.append({ vmId: 'ud-1', customerId: 'acme', samples: columnsOf(samples) }),
    appendTo: (vmId: string, customerId: string, ...samples: UsageSample[]) =>
      ledger.append({ vmId, customerId, samples: columnsOf(samples) }),
    trackedNow,
    usage: async (vmId = 'ud-1') => (await trackedNow()).find((usage) => usage.vmId === vmId),
  };
}

/** Tests what every driver does, one behaviour each. */
export function testLedgerBehaviour(driver: string, withLedger: WithLedger): void {
  const testLedger = (name: string, run: (ledger: UsageLedger) => Promise<void>) => test(name, () => withLedger(run));

  describe(`${driver}: samples`, () => {
    testLedger('the first sample counts from zero, and the next by what each counter has grown', async (ledger) => {
      const { append, usage } = ofOneVm(ledger);
      await append(sampleAt(1, 50));
      expect((await usage())?.growth).toEqual(growthOf(50));
      await append(sampleAt(2, 70), sampleAt(3, 75));
      await append(sampleAt(4, 100));
      expect(await usage()).toMatchObject({ growth: growthOf(100), sampleCount: 4 });
    });

    testLedger('a counter that fell was reset: all of its new value is growth', async (ledger) => {
      const { append, usage } = ofOneVm(ledger);
      await append(sampleAt(1, 1_000), sampleAt(2, 30), sampleAt(3, 40));
      expect((await usage())?.growth).toEqual(growthOf(1_040));
    });

    testLedger(
      'more than two minutes between two samples are a gap, within a batch and between two',
      async (ledger) => {
        const { append, usage } = ofOneVm(ledger);
        await append(sampleAt(1, 1), sampleAt(121, 2));
        await append(sampleAt(241, 3));
        expect((await usage())?.gaps).toBe(0);
        await append({ ...sampleAt(361, 4), timeNanos: 361n * second + 1n });
        expect((await usage())?.gaps).toBe(1);
        await append(sampleAt(400, 5), { ...sampleAt(520, 6), timeNanos: 520n * second + 1n });
        expect((await usage())?.gaps).toBe(2);
      },
    );

    testLedger('each counter is reset on its own', async (ledger) => {
      const { append, usage } = ofOneVm(ledger);
      const next = sampleAt(2, 30);
      await append(sampleAt(1, 20), { ...next, counters: { ...next.counters, networkTxBytes: 5n } });
      expect((await usage())?.growth).toEqual({ ...growthOf(30), networkTxBytes: 60n + 5n });
    });

    testLedger('a sample whose time is covered is a duplicate, and the first one is billed', async (ledger) => {
      const { append, usage } = ofOneVm(ledger);
      expect(await append(sampleAt(1, 10), sampleAt(1, 900), sampleAt(2, 20))).toMatchObject({
        accepted: 2,
        duplicates: 1,
      });
      expect(await append(sampleAt(1, 500), sampleAt(3, 30))).toMatchObject({ accepted: 1, duplicates: 1 });
      expect(await usage()).toMatchObject({ growth: growthOf(30), sampleCount: 3 });
    });

    testLedger('a sample that comes late is billed, also between two of another batch', async (ledger) => {
      const { append, usage } = ofOneVm(ledger);
      await append(sampleAt(1, 10), sampleAt(3, 5));
      expect(await append(sampleAt(2, 40))).toEqual({ accepted: 1, duplicates: 0, sealed: 0 });
      expect(await append(sampleAt(0, 9))).toMatchObject({ accepted: 1 });
      expect(await usage()).toMatchObject({ growth: growthOf(40 + 5), sampleCount: 4, startNanos: 0n });
    });

    testLedger('the time between two samples of a long, evenly spaced batch is covered', async (ledger) => {
      const { append, usage } = ofOneVm(ledger);
      await append(...Array.from({ length: 100 }, (_, index) => sampleAt(2 * index, index)));
      expect(await append(sampleAt(51, 1))).toMatchObject({ accepted: 0, duplicates: 1 });
      expect(await usage()).toMatchObject({ sampleCount: 100, growth: growthOf(99) });
    });

    testLedger('memory is summed for the average, kept at its peak, and held over time', async (ledger) => {
      const { append, usage } = ofOneVm(ledger);
      await append(sampleAt(1, 1, 100), sampleAt(2, 2, 700), sampleAt(4, 3, 400));
      await append(sampleAt(4, 3, 9_000));
      expect(await usage()).toMatchObject({
        memorySumBytes: 1_200n,
        memoryMaxBytes: 700n,
        memoryByteMillis: 100n * 1_000n + 700n * 2_000n,
      });
    });

    testLedger('more than two minutes are a gap, and memory is held for ten', async (ledger) => {
      const { append, usage } = ofOneVm(ledger);
      await append(sampleAt(0, 1), sampleAt(120, 1), sampleAt(241, 1));
      await append(sampleAt(841, 1), sampleAt(1_442, 1));
      expect(await usage()).toMatchObject({ gaps: 3, memoryByteMillis: 100n * 841_000n });
    });

    testLedger('sums beyond 64 bits stay exact', async (ledger) => {
      const { append, usage } = ofOneVm(ledger);
      const huge = 2n ** 53n - 1n;
      const { counters } = sampleAt(0, 0);
      const tops = Array.from(
        { length: 3_000 },
        (_, index): UsageSample => ({
          timeNanos: BigInt(index) * second,
          memoryBytes: huge,
          counters: { ...counters, cpuNanos: index % 2 === 0 ? huge : 0n },
        }),
      );
      await append(...tops.slice(0, 1_000));
      await append(...tops.slice(2_000));
      await append(...tops.slice(1_000, 2_000), sampleAt(2 * hour, 0));
      expect(await usage()).toMatchObject({ memorySumBytes: 3_000n * huge + 100n, sampleCount: 3_001 });
      expect((await usage())?.growth.cpuNanos).toBe(1_500n * huge);
      expect((await ledger.usage({ toSeconds: hour })).rows[0]?.memoryByteMillis).toBe(2_999_000n * huge);
    });

    testLedger('an empty batch tracks nothing', async (ledger) => {
      const { append } = ofOneVm(ledger);
      expect(await append()).toEqual({ accepted: 0, duplicates: 0, sealed: 0 });
      expect(ledger.activeVms).toBe(0);
    });

    testLedger('columns may be used again as soon as the promise is there', async (ledger) => {
      const { usage } = ofOneVm(ledger);
      const samples = columnsOf([sampleAt(1, 10), sampleAt(2, 20)]);
      const first = ledger.append({ vmId: 'ud-1', customerId: 'acme', samples });
      samples.cpuNanos.fill(0);
      samples.seconds.fill(9);
      samples.length = 0;
      expect(await first).toMatchObject({ accepted: 2 });
      expect(await usage()).toMatchObject({ growth: growthOf(20), endNanos: 2n * second });
    });
  });

  describe(`${driver}: VMs`, () => {
    testLedger(
      'the time of a VM begins with its first sample or its start notice, whichever is earlier',
      async (ledger) => {
        const { append, usage } = ofOneVm(ledger);
        await append(sampleAt(5, 1), sampleAt(9, 2));
        expect(await usage()).toMatchObject({ startNanos: 5n * second, endNanos: 9n * second, customerId: 'acme' });
        await ledger.start({ vmId: 'ud-1', customerId: 'globex', startNanos: 4n * second });
        await ledger.start({ vmId: 'ud-1', customerId: 'globex', startNanos: 6n * second });
        expect(await usage()).toMatchObject({ customerId: 'globex', startNanos: 4n * second, growth: growthOf(2) });
        await ledger.start({ vmId: 'ud-2', customerId: 'acme', startNanos: 3n * second });
        expect(await usage('ud-2')).toMatchObject({ startNanos: 3n * second, endNanos: 3n * second, sampleCount: 0 });
        expect(ledger.activeVms).toBe(2);
      },
    );

    testLedger('stopping a VM gives what it has used and ends tracking it, and others go on', async (ledger) => {
      const { append, appendTo, usage } = ofOneVm(ledger);
      await append(sampleAt(1, 10));
      await appendTo('ud-2', 'globex', sampleAt(1, 99));
      expect(ledger.activeVms).toBe(2);
      const stop = { vmId: 'ud-1', stopNanos: 3n * second };
      expect(await ledger.stop(stop)).toMatchObject({ vmId: 'ud-1', growth: growthOf(10), sampleCount: 1 });
      expect(ledger.activeVms).toBe(1);
      expect(await usage()).toBeUndefined();
      expect((await usage('ud-2'))?.growth).toEqual(growthOf(99));
      expect(await ledger.stop(stop)).toBeUndefined();
      expect(await ledger.stop({ ...stop, vmId: 'never seen' })).toBeUndefined();
    });

    testLedger(
      'what a stopped VM had used before is billed without tracking it, what it uses after tracks it',
      async (ledger) => {
        const { append, usage } = ofOneVm(ledger);
        await append(sampleAt(1, 10));
        await ledger.stop({ vmId: 'ud-1', stopNanos: 3n * second });
        expect(await append(sampleAt(2, 15))).toMatchObject({ accepted: 1 });
        expect(ledger.activeVms).toBe(0);
        await append(sampleAt(4, 20));
        expect(await usage()).toMatchObject({ growth: growthOf(20), sampleCount: 3 });
        expect(ledger.activeVms).toBe(1);
      },
    );

    testLedger('a tracked VM is that of the customer of its newest sample', async (ledger) => {
      const { appendTo } = ofOneVm(ledger);
      const customers = () => Array.fromAsync(ledger.tracked(), ({ customerId }) => customerId);
      await appendTo('ud-1', 'acme', sampleAt(10, 1));
      await appendTo('ud-1', 'globex', sampleAt(20, 2));
      expect(await customers()).toEqual(['globex']);
      await appendTo('ud-1', 'initech', sampleAt(15, 1));
      expect(await customers()).toEqual(['globex']);
    });

    testLedger('VMs without a sample since a time can be left out', async (ledger) => {
      const { appendTo } = ofOneVm(ledger);
      await appendTo('ud-1', 'acme', sampleAt(10, 1));
      await appendTo('ud-2', 'acme', sampleAt(20, 1));
      await ledger.start({ vmId: 'ud-3', customerId: 'acme', startNanos: 20n * second });
      const recent = await Array.fromAsync(ledger.tracked(20n * second), ({ vmId }) => vmId);
      expect(recent).toEqual(['ud-2', 'ud-3']);
    });
  });

  describe(`${driver}: periods`, () => {
    test.for([
      ['+05:45', 18 * 60 + 15],
      ['+05:30', 18 * 60 + 30],
      ['-03:30', 3 * 60 + 30],
      ['+12:45', 11 * 60 + 15],
      ['UTC', 0],
    ] as const)(
      'a month in the time zone %s is the same exact bill before and after its hours are sealed',
      ([, utcMinute]) =>
        withLedger(async (ledger) => {
          // Idle until the month begins in the zone, busy after; in batches that do not end there.
          const midnight = 2 * 86_400 + utcMinute * 60;
          const times = Array.from({ length: 400 }, (_, index) => midnight - 3_600 + index * 19);
          const samples = times.map((at) => ({
            ...sampleAt(at, at < midnight ? 7 : 7 + (at - midnight) * 1_000, at < midnight ? 10 : 9_000),
            vmId: 'ud-1',
            customerId: 'acme',
          }));
          for (let at = 0; at < samples.length; at += 90) {
            await ledger.append({ vmId: 'ud-1', customerId: 'acme', samples: columnsOf(samples.slice(at, at + 90)) });
          }
          const bounds: (readonly [number | undefined, number | undefined])[] = [
            [midnight - 30 * 86_400, midnight],
            [midnight, midnight + 30 * 86_400],
            [undefined, undefined],
          ];
          const bills = async () => {
            const read = bounds.map(([fromSeconds, toSeconds]) => ledger.usage({ fromSeconds, toSeconds }));
            return (await Promise.all(read)).map(({ rows }) => rows);
          };
          const nanos = (seconds: number | undefined) => (seconds === undefined ? undefined : BigInt(seconds) * second);
          const exact = bounds.map(([from, to]) => billOf(samples, nanos(from), nanos(to)));
          expect(await bills()).toEqual(exact);
          await ledger.sealBefore(midnight + 86_400);
          expect(await bills()).toEqual(exact);
          // A second run finds nothing to change.
          await ledger.sealBefore(midnight + 2 * 86_400);
          expect(await bills()).toEqual(exact);
        }),
    );

    testLedger('usage of an hour is what grew up to each of its samples', async (ledger) => {
      const { append } = ofOneVm(ledger);
      await append(sampleAt(hour - 10, 50), sampleAt(hour, 70), sampleAt(hour + 10, 75));
      await append(sampleAt(3 * hour, 80));
      const ofHour = async (from: number, to: number) =>
        (await ledger.usage({ fromSeconds: from * hour, toSeconds: to * hour })).rows;
      expect(await ofHour(0, 1)).toMatchObject([{ vmId: 'ud-1', growth: growthOf(50), sampleCount: 1 }]);
      expect(await ofHour(1, 2)).toMatchObject([{ growth: growthOf(25), sampleCount: 2, firstNanos: 3_600n * second }]);
      expect(await ofHour(2, 3)).toEqual([]);
      expect(await ofHour(3, 9)).toMatchObject([{ growth: growthOf(5), gaps: 1 }]);
      expect(await ofHour(0, 9)).toMatchObject([{ growth: growthOf(80), sampleCount: 4 }]);
    });

    testLedger('a VM that changes hands is billed to each customer by the samples sent for it', async (ledger) => {
      const { appendTo } = ofOneVm(ledger);
      await appendTo('ud-1', 'acme', sampleAt(1, 10));
      await appendTo('ud-1', 'globex', sampleAt(2, 25));
      await appendTo('ud-1', 'acme', sampleAt(3, 27));
      expect((await ledger.usage({})).rows).toMatchObject([
        { customerId: 'acme', growth: growthOf(12) },
        { customerId: 'globex', growth: growthOf(15) },
      ]);
      expect((await ledger.usage({ customerId: 'globex' })).rows).toMatchObject([{ growth: growthOf(15) }]);
      expect((await ledger.usage({ customerId: 'nobody' })).rows).toEqual([]);
    });

    testLedger('pages follow one another without a VM missing or twice', async (ledger) => {
      const { appendTo } = ofOneVm(ledger);
      const names = Array.from({ length: 7 }, (_, index) => `ud-${index}`);
      for (const name of names) await appendTo(name, 'acme', sampleAt(1, 1));
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await ledger.usage({ customerId: 'acme', after, limit: 3 });
        seen.push(...page.rows.map(({ vmId }) => vmId));
        after = page.next;
      } while (after !== undefined);
      expect(seen).toEqual(names);
      expect((await ledger.usage({ vmId: 'ud-3' })).rows).toHaveLength(1);
      expect((await ledger.usage({ vmId: 'ud-3', after: 'ud-2' })).rows).toHaveLength(1);
      expect((await ledger.usage({ vmId: 'ud-3', after: 'ud-3' })).rows).toEqual([]);
    });

    testLedger('a period that does not begin and end on whole seconds is refused', async (ledger) => {
      await expect(ledger.usage({ fromSeconds: 90.5 })).rejects.toThrow(RangeError);
      await expect(ledger.usage({ toSeconds: hour / 7 })).rejects.toThrow('not a whole second');
    });

    testLedger('a period that cuts a segment has its share of it, and says so', async (ledger) => {
      const { append } = ofOneVm(ledger);
      const samples = Array.from({ length: 120 }, (_, at) => sampleAt(at, 5 * (at + 1)));
      await append(...samples);
      const bills = async (fromSeconds: number, toSeconds: number) =>
        (await ledger.usage({ fromSeconds, toSeconds })).rows;
      // Samples that are evenly spaced and alike are what a share is taken for.
      const [bill] = billOf(
        samples.map((sample) => ({ ...sample, vmId: 'ud-1', customerId: 'acme' })),
        30n * second,
        50n * second,
      );
      expect(await bills(30, 50)).toEqual([{ ...bill, isInterpolated: true }]);
      expect(await bills(0, 200)).toMatchObject([{ sampleCount: 120, isInterpolated: false }]);
      expect(await bills(200, 300)).toEqual([]);
    });

    testLedger('a period of any length in an hour that was sealed has its share of that hour', async (ledger) => {
      const { append } = ofOneVm(ledger);
      for (let from = 0; from < 3_600; from += 600) {
        await append(...Array.from({ length: 600 }, (_, at) => sampleAt(from + at, from + at)));
      }
      await append(sampleAt(7_200, 3_600));
      await ledger.sealBefore(7_200);
      const { rows } = await ledger.usage({ fromSeconds: 1_000, toSeconds: 1_900 });
      expect(rows).toMatchObject([{ sampleCount: 900, growth: growthOf(900), isInterpolated: true }]);
      const quarter = await ledger.usage({ fromSeconds: 900, toSeconds: 1_800 });
      expect(quarter.rows).toMatchObject([{ sampleCount: 900, growth: growthOf(900), isInterpolated: false }]);
    });

    testLedger(
      'a sample that comes late counts from the last one before it, also when that is sealed',
      async (ledger) => {
        const { append, usage } = ofOneVm(ledger);
        await append(sampleAt(10, 10), sampleAt(20, 20));
        await append(sampleAt(6 * hour, 60));
        await ledger.sealBefore(2 * hour);
        await append(sampleAt(5 * hour, 5));
        expect(await usage()).toMatchObject({ growth: growthOf(20 + 5 + 55), sampleCount: 4, gaps: 2 });
        expect((await ledger.usage({})).rows).toMatchObject([{ growth: growthOf(20 + 5 + 55), sampleCount: 4 }]);
      },
    );

    testLedger('sealing old hours changes no bill, and samples for them are billed no more', async (ledger) => {
      const { append, appendTo, usage } = ofOneVm(ledger);
      for (let at = 0; at < 60; at++) await append(sampleAt(at * 1_000, at * 7), sampleAt(at * 1_000 + 1, at));
      await appendTo('ud-old', 'globex', sampleAt(5, 5), sampleAt(6, 1));
      const [bill, tracked] = [await ledger.usage({}), await usage()];
      await ledger.sealBefore(30 * 1_000);
      expect(await append(sampleAt(1_000, 7), sampleAt(2_500, 9), sampleAt(58_000, 406))).toEqual({
        accepted: 0,
        duplicates: 1,
        sealed: 2,
      });
      expect(await ledger.usage({})).toEqual(bill);
      expect(await usage()).toEqual(tracked);
      expect(await append(sampleAt(59_500, 80))).toMatchObject({ accepted: 1 });
      expect((await usage())?.growth.cpuNanos).toBe((tracked?.growth.cpuNanos ?? 0n) + 80n - 59n);
      await ledger.sealBefore(0);
      expect(await append(sampleAt(1_000, 7))).toMatchObject({ sealed: 1 });
    });
  });
}
