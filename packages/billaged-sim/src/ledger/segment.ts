import { type Integer, mapCounters } from './counters.ts';
import { encodeSamples } from './sample-codec.ts';
import type { SampleColumns } from './sample-columns.ts';
import { hourAt, hourSeconds, nanosInHour, quarterAt, unixNanos } from './time.ts';
import { type EdgedUsage, gapNanos, longestHoldNanos, type UsageSpan } from './usage.ts';

/** Maximum number of samples of a short segment, whose samples are kept one by one. */
const shortSegment = 64;

/** Maximum step of a long segment, as a multiple of the average. A missing sample doubles the step. */
const longestStep = 1.4;

/**
 * Successive samples of one VM within a quarter of an hour, summarized.
 *
 * The growth from one segment to the next is not stored; it is derived when usage is read.
 */
export interface Segment extends EdgedUsage<Integer> {
  /** Hours since 1970. */
  readonly hour: number;
  /** Nanoseconds in the hour of the first and of the last sample. */
  readonly first: number;
  readonly last: number;
}

/** A segment as it is stored. */
export interface StoredSegment {
  readonly customerId: string;
  readonly segment: Segment;
  /** The encoded samples of a short segment; `null` for a long one, and for a single sample, which needs no more. */
  readonly samples: Uint8Array | null;
}

/** Samples in time order that become segments. */
export interface Piece {
  readonly customerId: string;
  readonly samples: SampleColumns;
  /** The first and the last row. */
  readonly from: number;
  readonly to: number;
  /** Whether to cut into short segments only, so that every sample is kept. */
  readonly isShort: boolean;
}

/** Takes the first and the last row of a segment. */
type TakeSegment = (from: number, to: number) => void;

/** The segments of a piece. */
export function segmentsOf({ customerId, samples, from, to, isShort }: Piece): StoredSegment[] {
  const segments: StoredSegment[] = [];
  const cut = isShort ? cutShortSegments : cutSegments;
  cut(samples, from, to, (start, end) => {
    const segment = summarizeSegment(samples, start, end);
    const keepsSamples = segment.sampleCount > 1 && segment.sampleCount <= shortSegment;
    const encoded = keepsSamples ? encodeSamples(samples, start, end, segment.hour) : null;
    segments.push({ customerId, segment, samples: encoded });
  });
  return segments;
}

/** The span of one segment. */
export function spanOf(segment: Segment, customerId: string): UsageSpan {
  const { hour, first, last, firstCounters, lastCounters, growth } = segment;
  return {
    customerId,
    firstNanos: unixNanos({ hour, nanos: first }),
    lastNanos: unixNanos({ hour, nanos: last }),
    sampleCount: segment.sampleCount,
    gaps: segment.gaps,
    firstCounters: mapCounters((name) => BigInt(firstCounters[name])),
    lastCounters: mapCounters((name) => BigInt(lastCounters[name])),
    growth: mapCounters((name) => BigInt(growth[name])),
    lastMemoryBytes: BigInt(segment.lastMemoryBytes),
    memorySumBytes: BigInt(segment.memorySumBytes),
    memoryMaxBytes: BigInt(segment.memoryMaxBytes),
    memoryByteMillis: BigInt(segment.memoryByteMillis),
  };
}

/** Summarizes the samples from one row to another, both inclusive, all within one hour. */
export function summarizeSegment(samples: SampleColumns, from: number, to: number): Segment {
  const hour = hourAt(samples, from);
  return {
    hour,
    first: nanosInHour(samples, from, hour),
    last: nanosInHour(samples, to, hour),
    sampleCount: to - from + 1,
    firstCounters: mapCounters((name) => samples[name][from] ?? 0),
    lastCounters: mapCounters((name) => samples[name][to] ?? 0),
    growth: mapCounters((name) => growthOverRows(samples[name], from, to)),
    ...sumUpMemory(samples, from, to, hour),
  };
}

/** Growth of a counter. If it fell, it was reset, so all of its new value is growth. */
function growthOverRows(values: Float64Array, from: number, to: number): Integer {
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

/** Summarizes memory and the steps between samples in one pass. */
function sumUpMemory(
  samples: SampleColumns,
  from: number,
  to: number,
  hour: number,
): Pick<Segment, 'gaps' | 'lastMemoryBytes' | 'memoryMaxBytes' | 'memorySumBytes' | 'memoryByteMillis'> {
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
  // All terms are non-negative integers, so a sum below 2^53 was exact at each step.
  return {
    gaps,
    lastMemoryBytes: memory,
    memoryMaxBytes: max,
    memorySumBytes: Number.isSafeInteger(sum) ? sum : exactSum(memoryBytes, from, to),
    memoryByteMillis: Number.isSafeInteger(byteMillis) ? byteMillis : exactByteMillis(samples, from, to, hour),
  };
}

/** Nanoseconds in a second as milliseconds, rounded down. On an int32 this is one multiplication. */
function millisOf(nanos: number): number {
  return (nanos / 1_000_000) | 0;
}

function exactSum(values: Float64Array, from: number, to: number): bigint {
  let sum = 0n;
  for (let row = from; row <= to; row++) sum += BigInt(values[row] ?? 0);
  return sum;
}

/**
 * Memory over time above 2^53 byte milliseconds, for example 150 GB over a minute. It is summed in two halves: multiples of
 * 2^24 bytes, and the rest. An hour has fewer than 2^22 ms, so both stay below 2^53 for memory up to 2^53 bytes.
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

/**
 * Cuts samples in time order into segments.
 *
 * No segment crosses a quarter of an hour: every time zone has its midnight on one. A segment of more than 64 samples is evenly spaced, so no other sample of the same sampler fits
 * in: it has full coverage. The samples of shorter segments are kept, so each of their times is covered.
 */
export function cutSegments(samples: SampleColumns, from: number, to: number, take: TakeSegment): void {
  let start = from;
  while (start <= to) {
    const end = endOfQuarter(samples, start, to);
    cutQuarter(samples, start, end, take);
    start = end + 1;
  }
}

/** Cuts samples into short segments. */
function cutShortSegments(samples: SampleColumns, from: number, to: number, take: TakeSegment): void {
  let start = from;
  while (start <= to) {
    const end = Math.min(endOfQuarter(samples, start, to), start + shortSegment - 1);
    take(start, end);
    start = end + 1;
  }
}

function cutQuarter(samples: SampleColumns, from: number, to: number, take: TakeSegment): void {
  let start = from;
  let evenFrom = from;
  while (evenFrom <= to) {
    const evenTo = to - start < shortSegment ? to : endOfEvenSteps(samples, evenFrom, to);
    if (evenTo - evenFrom >= shortSegment) {
      cutShortSegments(samples, start, evenFrom - 1, take);
      take(evenFrom, evenTo);
      start = evenTo + 1;
    }
    evenFrom = evenTo + 1;
  }
  cutShortSegments(samples, start, to, take);
}

function endOfQuarter(samples: SampleColumns, from: number, to: number): number {
  const quarter = quarterAt(samples, from);
  if (quarterAt(samples, to) === quarter) return to;
  let end = from;
  while (quarterAt(samples, end + 1) === quarter) end++;
  return end;
}

/** The last row up to which no step is much longer than the average step. */
function endOfEvenSteps({ seconds, nanos }: SampleColumns, from: number, to: number): number {
  const firstSecond = seconds[from] ?? 0;
  const firstNanos = nanos[from] ?? 0;
  let before = 0;
  let longest = 0;
  for (let row = from + 1; row <= to; row++) {
    const time = ((seconds[row] ?? 0) - firstSecond) * 1e9 + (nanos[row] ?? 0) - firstNanos;
    if (time - before > longest) longest = time - before;
    if (longest * (row - from) > longestStep * time) return row - 1;
    before = time;
  }
  return to;
}
