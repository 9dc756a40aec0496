import { expect, test } from 'vitest';
import type { UsageSample, VmUsage } from './ledger.ts';
import { createMemoryLedger } from './memory-ledger.ts';

/** A sample in which the counters are in a fixed ratio, so that one number says what it has. */
function sampleAt(second: number, amount: number, memoryBytes = 100): UsageSample {
  const used = BigInt(amount);
  return {
    timeNanos: BigInt(second) * 1_000_000_000n,
    memoryBytes: BigInt(memoryBytes),
    counters: {
      cpuNanos: used,
      diskReadBytes: 8n * used,
      diskWriteBytes: 4n * used,
      networkRxBytes: 2n * used,
      networkTxBytes: 3n * used,
    },
  };
}

const growthOf = (amount: number) => sampleAt(0, amount).counters;

/** A ledger, what it says about one VM, and a shorter way to append to that VM. */
function createTestLedger() {
  const ledger = createMemoryLedger();
  return {
    ledger,
    append: (...samples: UsageSample[]) => ledger.append({ vmId: 'ud-1', customerId: 'acme', samples }),
    usage: (vmId = 'ud-1'): VmUsage | undefined => [...ledger.usage()].find((usage) => usage.vmId === vmId),
  };
}

test('the first sample counts from zero, and the next ones by what each counter has grown', () => {
  const { append, usage } = createTestLedger();
  append(sampleAt(1, 50));
  expect(usage()?.growth).toEqual(growthOf(50));
  append(sampleAt(2, 70), sampleAt(3, 75));
  append(sampleAt(4, 100));
  expect(usage()).toMatchObject({ growth: growthOf(100), sampleCount: 4 });
});

test('a counter that fell was reset: all of its new value is growth', () => {
  const { append, usage } = createTestLedger();
  append(sampleAt(1, 1_000), sampleAt(2, 30), sampleAt(3, 40));
  expect(usage()?.growth).toEqual(growthOf(1_040));
});

test('each counter is reset on its own', () => {
  const { append, usage } = createTestLedger();
  const second = sampleAt(2, 30);
  append(sampleAt(1, 20), { ...second, counters: { ...second.counters, networkTxBytes: 5n } });
  expect(usage()?.growth).toEqual({ ...growthOf(30), networkTxBytes: 60n + 5n });
});

test('a sample whose time is covered is a duplicate and billed once', () => {
  const { append, usage } = createTestLedger();
  expect(append(sampleAt(1, 10), sampleAt(1, 10), sampleAt(2, 20))).toEqual({ accepted: 2, duplicates: 1 });
  expect(append(sampleAt(1, 500), sampleAt(3, 30))).toEqual({ accepted: 1, duplicates: 1 });
  expect(usage()).toMatchObject({ growth: growthOf(30), sampleCount: 3 });
});

test('a batch that is sent again changes nothing', () => {
  const { append, usage } = createTestLedger();
  const batch = [sampleAt(1, 10), sampleAt(2, 5), sampleAt(3, 20)];
  expect(append(...batch)).toEqual({ accepted: 3, duplicates: 0 });
  const once = usage();
  expect(append(...batch)).toEqual({ accepted: 0, duplicates: 3 });
  expect(usage()).toEqual(once);
});

test('memory is summed for the average, and its peak is kept', () => {
  const { append, usage } = createTestLedger();
  append(sampleAt(1, 1, 100), sampleAt(2, 2, 700), sampleAt(3, 3, 400));
  append(sampleAt(3, 3, 9_000));
  expect(usage()).toMatchObject({ memorySumBytes: 1_200n, memoryMaxBytes: 700n, sampleCount: 3 });
});

test('numbers beyond 2^53 stay exact', () => {
  const { append, usage } = createTestLedger();
  const huge = sampleAt(1, 0);
  append({ ...huge, counters: { ...huge.counters, cpuNanos: 2n ** 62n + 1n } });
  expect(usage()?.growth.cpuNanos).toBe(2n ** 62n + 1n);
});

test('the time of a VM begins with its start notice, or with its first sample when there was none', () => {
  const { ledger, append, usage } = createTestLedger();
  append(sampleAt(5, 1), sampleAt(9, 2));
  expect(usage()).toMatchObject({ startNanos: 5_000_000_000n, endNanos: 9_000_000_000n, customerId: 'acme' });
  ledger.start({ vmId: 'ud-2', customerId: 'globex', startNanos: 3_000_000_000n });
  expect(usage('ud-2')).toMatchObject({ startNanos: 3_000_000_000n, endNanos: 3_000_000_000n, sampleCount: 0 });
});

test('a start notice that comes after samples corrects the start and the customer and keeps the usage', () => {
  const { ledger, append, usage } = createTestLedger();
  append(sampleAt(5, 10));
  ledger.start({ vmId: 'ud-1', customerId: 'globex', startNanos: 4_000_000_000n });
  ledger.start({ vmId: 'ud-1', customerId: 'globex', startNanos: 6_000_000_000n });
  expect(usage()).toMatchObject({ customerId: 'globex', startNanos: 4_000_000_000n, growth: growthOf(10) });
  expect(ledger.activeVms).toBe(1);
});

test('stopping a VM gives what it has used and ends it, and others go on', () => {
  const { ledger, append, usage } = createTestLedger();
  append(sampleAt(1, 10));
  ledger.append({ vmId: 'ud-2', customerId: 'globex', samples: [sampleAt(1, 99)] });
  expect(ledger.activeVms).toBe(2);
  expect(ledger.stop('ud-1')).toMatchObject({ vmId: 'ud-1', growth: growthOf(10), sampleCount: 1 });
  expect(ledger.activeVms).toBe(1);
  expect(usage()).toBeUndefined();
  expect(usage('ud-2')?.growth).toEqual(growthOf(99));
  expect(ledger.stop('ud-1')).toBeUndefined();
  expect(ledger.stop('never seen')).toBeUndefined();
});

test('an empty batch tracks nothing', () => {
  const { ledger, append } = createTestLedger();
  expect(append()).toEqual({ accepted: 0, duplicates: 0 });
  expect(ledger.activeVms).toBe(0);
});
