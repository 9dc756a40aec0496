import type { Fleet } from '../fleet/fleet.ts';
import type { Vm } from '../fleet/vm.ts';
import { type Sample, takeSample } from './sample.ts';

/** Takes a sample of every running VM at each interval until it is stopped. */
export interface Sampler {
  stop(): void;
}

/** Options of `startSampler`. */
export interface SamplerOptions {
  readonly fleet: Fleet<unknown>;
  readonly intervalMs: number;
  readonly now: () => number;
  readonly onSample: (vm: Vm, sample: Sample) => void;
}

/** Starts sampling. Ticks are due at multiples of the interval: one that was missed is not made up for. */
export function startSampler({ fleet, intervalMs, now, onSample }: SamplerOptions): Sampler {
  let dueAt = performance.now() + intervalMs;
  let timer = setTimeout(tick, intervalMs);

  function tick(): void {
    const time = now();
    for (const vm of fleet.running()) onSample(vm, takeSample(vm.usage, time));
    // A timer may fire a little early, so what is next is counted from when this tick was due, not from when it came.
    const missed = Math.max(0, Math.floor((performance.now() - dueAt) / intervalMs));
    dueAt += (missed + 1) * intervalMs;
    timer = setTimeout(tick, dueAt - performance.now());
  }
  return { stop: () => clearTimeout(timer) };
}
