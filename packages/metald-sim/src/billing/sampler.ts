import type { FleetSlots } from '../fleet/fleet-slots.ts';
import { usageWidth } from '../fleet/usage.ts';
import type { Vm } from '../fleet/vm.ts';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { createLastSamples } from './last-samples.ts';
import { restartCounters } from './restart-counters.ts';
import type { SampleSink } from './sample-sink.ts';
import { blockSize, startTicks } from './ticks.ts';

/** Takes a sample of every running VM at each interval until it is stopped. */
export interface Sampler {
  /** Samples taken since the beginning. */
  readonly sampleCount: number;
  stop(): void;
}

/** Options of `startSampler`. */
export interface SamplerOptions {
  readonly slots: FleetSlots;
  /** The next stage. */
  readonly batcher: SampleSink;
  readonly metrics: MetaldMetrics;
  /** Time between two samples of a VM, in milliseconds. */
  readonly intervalMs: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/**
 * Starts sampling. A VM that is paused, or that has an operation under way, has no sample. There is none either while the
 * clock is not past the last one, so that the samples of a VM are always in the order of their times.
 */
export function startSampler({ slots, batcher, metrics, intervalMs, now }: SamplerOptions): Sampler {
  const amounts = new Float64Array(usageWidth);
  const last = createLastSamples();
  const sink = restartCounters(batcher);
  let sampleCount = 0;
  let samplesOfTick = 0;

  function passOn(vm: Vm, bootEpoch: number, unixMs: number): void {
    last.note(vm, bootEpoch, unixMs);
    sink.add(vm, unixMs, amounts);
    samplesOfTick += 1;
  }

  function sample(slot: number, vm: Vm, unixMs: number): void {
    const lastMs = last.msOf(vm);
    if (unixMs <= lastMs) return;
    const bootEpoch = slots.bootEpochOf(slot);
    const lastBootEpoch = last.bootEpochOf(vm);
    if (lastBootEpoch > 0 && bootEpoch !== lastBootEpoch) {
      // billaged detects a reboot by counters that fall. They do not fall if the VM has used as much by its first sample
      // after the reboot as by its last one before it. So the zeros at the reboot itself are a sample, too.
      const zerosMs = Math.max(Math.floor(slots.bootedAtMs(slot)), lastMs + 1);
      if (zerosMs > unixMs) return;
      slots.takeFirstSample(slot, zerosMs, amounts);
      passOn(vm, bootEpoch, zerosMs);
      if (zerosMs === unixMs) return;
    }
    slots.takeSample(slot, unixMs, amounts);
    passOn(vm, bootEpoch, unixMs);
  }

  const ticks = startTicks(
    {
      blockCount: () => Math.ceil(slots.slotCount / blockSize),
      visit(block) {
        // The protocol has nanoseconds, the clock milliseconds: the sample says what was used until the millisecond began.
        const unixMs = Math.floor(now());
        const end = Math.min((block + 1) * blockSize, slots.slotCount);
        for (let slot = block * blockSize; slot < end; slot += 1) {
          const vm = slots.isRunning(slot) ? slots.vmAt(slot) : undefined;
          if (vm !== undefined) sample(slot, vm, unixMs);
        }
      },
      tickEnded({ lagMs, workMs, missed }) {
        const samples = samplesOfTick;
        samplesOfTick = 0;
        sampleCount += samples;
        metrics.billingTickLag.observe(lagMs / 1_000);
        metrics.billingTickDuration.observe(workMs / 1_000);
        if (missed > 0) metrics.billingTicksMissed.inc(missed);
        metrics.billingMetricsCollected.inc(samples);
      },
    },
    intervalMs,
  );

  return {
    get sampleCount() {
      return sampleCount;
    },
    stop: ticks.stop,
  };
}
