/** One sample as it goes over the wire. */
export interface StreamSample {
  readonly timestamp: { readonly seconds: bigint; readonly nanos: number };
  readonly cpuTimeNanos: bigint;
  readonly memoryUsageBytes: bigint;
}

/** What samples come to, by definition: of each, what its counter grew since the one before, and its memory. */
export interface Billed {
  readonly sampleCount: number;
  readonly cpuNanos: bigint;
  readonly memorySumBytes: bigint;
}

/** A VM of a sender that keeps what it took until it knows that it is billed. */
export interface VmStream {
  readonly vmId: string;
  readonly customerId: string;
  /** Samples that are not acknowledged, oldest first. */
  readonly waiting: readonly StreamSample[];
  /** Takes more samples. */
  take(count: number): void;
  /** Says that the oldest samples that waited were acknowledged. */
  acknowledge(count: number): void;
  /** What was acknowledged comes to, with so many of those that wait. */
  billed(waitingToo: number): Billed;
}

/** Makes the stream of a VM whose counter grows by random amounts ten times a second and is reset now and then. */
export function createVmStream(vmId: string, customerId: string, random: () => number): VmStream {
  let waiting: StreamSample[] = [];
  let taken = 0;
  let counter = 0n;
  let settled: Billed = { sampleCount: 0, cpuNanos: 0n, memorySumBytes: 0n };
  let settledCounter = 0n;

  function addUp(count: number): { readonly sum: Billed; readonly counter: bigint } {
    let { sampleCount, cpuNanos, memorySumBytes } = settled;
    let before = settledCounter;
    for (const { cpuTimeNanos, memoryUsageBytes } of waiting.slice(0, count)) {
      sampleCount += 1;
      cpuNanos += cpuTimeNanos < before ? cpuTimeNanos : cpuTimeNanos - before;
      memorySumBytes += memoryUsageBytes;
      before = cpuTimeNanos;
    }
    return { sum: { sampleCount, cpuNanos, memorySumBytes }, counter: before };
  }

  return {
    vmId,
    customerId,
    get waiting() {
      return waiting;
    },
    take(count) {
      for (let index = 0; index < count; index++, taken++) {
        const growth = BigInt(Math.floor(random() * 1e8));
        counter = random() < 0.001 ? growth : counter + growth;
        waiting.push({
          timestamp: { seconds: 1_735_689_600n + BigInt(Math.floor(taken / 10)), nanos: (taken % 10) * 100_000_000 },
          cpuTimeNanos: counter,
          memoryUsageBytes: BigInt(Math.floor(random() * 2 ** 33)),
        });
      }
    },
    acknowledge(count) {
      ({ sum: settled, counter: settledCounter } = addUp(count));
      waiting = waiting.slice(count);
    },
    billed: (waitingToo) => addUp(waitingToo).sum,
  };
}
