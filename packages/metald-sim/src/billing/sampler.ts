import type { FleetSlots } from '../fleet/fleet.ts';
import { usageWidth } from '../fleet/usage.ts';
import type { Vm } from '../fleet/vm.ts';
import type { GroundTruth } from './ground-truth.ts';
import { blockSize, startTicks, type TickReport } from './ticks.ts';

/** Takes a sample of every running VM at each interval until it is stopped. */
export interface Sampler {
  stop(): void;
}

/** Options of `startSampler`. */
export interface SamplerOptions {
  readonly slots: FleetSlots;
  readonly truth: GroundTruth;
  /** Time between two samples of a VM, in milliseconds. */
  readonly intervalMs: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Is given each sample: when it was taken, in whole Unix milliseconds, and a row of `usageFields`, the same each time. */
  readonly onSample: (vm: Vm, unixMs: number, amounts: Float64Array) => void;
  readonly onTick: (report: TickReport & { readonly samples: number }) => void;
}

/**
 * Starts sampling. A VM that is paused, or that something is being done to, has no sample; and none is taken while the
 * clock is not past the last one, so that the samples of a VM are always in the order of their times.
 */
export function startSampler({ slots, truth, intervalMs, now, onSample, onTick }: SamplerOptions): Sampler {
  const amounts = new Float64Array(usageWidth);
  let samples = 0;

  function write(vm: Vm, life: number, unixMs: number): void {
    truth.record(vm, life, unixMs, amounts);
    onSample(vm, unixMs, amounts);
    samples += 1;
  }

  function sample(slot: number, vm: Vm, unixMs: number): void {
    const lastMs = truth.lastMsOf(vm);
    if (unixMs <= lastMs) return;
    const life = slots.lifeOf(slot);
    const lastLife = truth.lastLifeOf(vm);
    if (lastLife > 0 && life !== lastLife) {
      // Who bills sees a reboot by counters that fall. They have not if the new life has used as much by its first sample
      // as the old one by its last, so the zeros of the reboot itself are written down, too.
      const zerosMs = Math.max(Math.floor(slots.bootedAtMs(slot)), lastMs + 1);
      if (zerosMs > unixMs) return;
      slots.readInitialUsage(slot, amounts);
      write(vm, life, zerosMs);
      if (zerosMs === unixMs) return;
    }
    slots.countUntil(slot, unixMs);
    slots.readUsage(slot, amounts);
    write(vm, life, unixMs);
  }

  return startTicks({
    intervalMs,
    blockCount: () => Math.ceil(slots.slotCount / blockSize),
    visit(block) {
      // The protocol has nanoseconds, the clock milliseconds: what is said is what was counted until.
      const unixMs = Math.floor(now());
      const end = Math.min((block + 1) * blockSize, slots.slotCount);
      for (let slot = block * blockSize; slot < end; slot += 1) {
        const vm = slots.isRunning(slot) ? slots.vmAt(slot) : undefined;
        if (vm !== undefined) sample(slot, vm, unixMs);
      }
    },
    onTick(report) {
      onTick({ ...report, samples });
      samples = 0;
    },
  });
}
