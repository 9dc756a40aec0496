import {
  type CounterValues,
  gapNanos,
  hourOf,
  hourSeconds,
  longestHoldNanos,
  nanosInHour,
  type Run,
  type Whole,
} from './run.ts';
import type { SampleColumns } from './sample-columns.ts';

/** Sums up the samples from one row to another, both included, all of them within one hour. */
export function sumUpRun(samples: SampleColumns, from: number, to: number): Run {
  const hour = hourOf(samples, from);
  return {
    hour,
    first: nanosInHour(samples, from, hour),
    last: nanosInHour(samples, to, hour),
    count: to - from + 1,
    firstCounters: countersAt(samples, from),
    lastCounters: countersAt(samples, to),
    growth: [
      growthOf(samples.cpuNanos, from, to),
      growthOf(samples.diskReadBytes, from, to),
      growthOf(samples.diskWriteBytes, from, to),
      growthOf(samples.networkRxBytes, from, to),
      growthOf(samples.networkTxBytes, from, to),
    ],
    ...sumUpMemory(samples, from, to, hour),
  };
}

function countersAt(samples: SampleColumns, row: number): CounterValues<number> {
  return [
    samples.cpuNanos[row] ?? 0,
    samples.diskReadBytes[row] ?? 0,
    samples.diskWriteBytes[row] ?? 0,
    samples.networkRxBytes[row] ?? 0,
    samples.networkTxBytes[row] ?? 0,
  ];
}

/** What a counter grew by; one that fell was reset, so all of its new value is growth. */
function growthOf(values: Float64Array, from: number, to: number): Whole {
  const first = values[from] ?? 0;
  let before = first;
  for (let row = from + 1; row <= to; row++) {
    const now = values[row] ?? 0;
    if (now < before) return growthOverResets(values, from, to);
    before = now;
  }
  return before - first;
}

function growthOverResets(values: Float64Array, from: number, to: number): bigint {
  let sum = 0n;
  for (let row = from + 1; row <= to; row++) {
    const now = values[row] ?? 0;
    const before = values[row - 1] ?? 0;
    sum += BigInt(now < before ? now : now - before);
  }
  return sum;
}

/** Memory, and the times between samples, in one go. */
function sumUpMemory(
  samples: SampleColumns,
  from: number,
  to: number,
  hour: number,
): Pick<Run, 'gaps' | 'lastMemory' | 'memoryMax' | 'memorySum' | 'memoryByteMillis'> {
  const { seconds, nanos, memoryBytes } = samples;
  const begin = hour * hourSeconds;
  let memory = memoryBytes[from] ?? 0;
  let sum = memory;
  let max = memory;
  let byteMillis = 0;
  let gaps = 0;
  let second = (seconds[from] ?? 0) - begin;
  let nano = nanos[from] ?? 0;
  for (let row = from + 1; row <= to; row++) {
    const nextSecond = (seconds[row] ?? 0) - begin;
    const nextNano = nanos[row] ?? 0;
    const step = (nextSecond - second) * 1e9 + (nextNano - nano);
    if (step > gapNanos) gaps += 1;
    if (step <= longestHoldNanos) {
      byteMillis += memory * ((nextSecond - second) * 1e3 + (millisOf(nextNano) - millisOf(nano)));
    }
    memory = memoryBytes[row] ?? 0;
    sum += memory;
    if (memory > max) max = memory;
    second = nextSecond;
    nano = nextNano;
  }
  // Every part of these sums is whole and none is below zero: one that is below 2^53 was exact at each step.
  return {
    gaps,
    lastMemory: memory,
    memoryMax: max,
    memorySum: Number.isSafeInteger(sum) ? sum : exactSum(memoryBytes, from, to),
    memoryByteMillis: Number.isSafeInteger(byteMillis) ? byteMillis : exactByteMillis(samples, from, to, hour),
  };
}

/** Whole milliseconds of the nanoseconds in a second: of an int32, which costs a multiplication. */
function millisOf(nanos: number): number {
  return (nanos / 1_000_000) | 0;
}

function exactSum(values: Float64Array, from: number, to: number): bigint {
  let sum = 0n;
  for (let row = from; row <= to; row++) sum += BigInt(values[row] ?? 0);
  return sum;
}

/**
 * Memory over time of a VM with more of it than 2^53 byte milliseconds: 150 GB over a minute. In two halves: multiples of
 * 2^24 bytes, and the rest. An hour has 2^22 ms, so both stay below 2^53 for memory up to 2^53 bytes.
 */
function exactByteMillis(samples: SampleColumns, from: number, to: number, hour: number): bigint {
  let high = 0;
  let low = 0;
  let time = nanosInHour(samples, from, hour);
  for (let row = from + 1; row <= to; row++) {
    const now = nanosInHour(samples, row, hour);
    const memory = samples.memoryBytes[row - 1] ?? 0;
    if (now - time <= longestHoldNanos) {
      const millis = Math.floor(now / 1e6) - Math.floor(time / 1e6);
      const chunks = Math.floor(memory / 2 ** 24);
      high += chunks * millis;
      low += (memory - chunks * 2 ** 24) * millis;
    }
    time = now;
  }
  return BigInt(high) * 2n ** 24n + BigInt(low);
}
