import type { FleetSlots } from './fleet-slots.ts';
import { noiseAt, subKey } from './noise.ts';
import type { Vm } from './vm.ts';

/** Options of `startChurn`. */
export interface ChurnOptions<Config> {
  readonly slots: FleetSlots<Config>;
  /** VMs that are replaced per minute. */
  readonly perMinute: number;
  readonly seed: number;
  /** Whether a VM may be replaced. */
  readonly isReplaceable: (vm: Vm<Config>) => boolean;
  /** Replaces a VM by another like it. It never rejects: it reports its own failures. */
  readonly replace: (vm: Vm<Config>) => Promise<void>;
}

/** The replacement of VMs until it is stopped. */
export interface Churn {
  /** Begins no further replacements. */
  stop(): void;
}

/** Shortest time between two rounds; a round begins several replacements if more are due. */
const shortestWaitMs = 100;

/** Slots that are tried to find a VM; if none has one, the fleet is nearly empty. */
const mostLooks = 50;

/** Starts to replace VMs, evenly over each minute: the fleet keeps its size, its series change. */
export function startChurn<Config>(options: ChurnOptions<Config>): Churn {
  const { slots, perMinute, seed, isReplaceable, replace } = options;
  const key = subKey(seed, 3);
  const waitMs = Math.max(shortestWaitMs, 60_000 / perMinute);
  let choices = 0;
  let due = 0;

  function choose(): Vm<Config> | undefined {
    for (let look = 0; look < mostLooks; look += 1) {
      const slot = Math.floor(noiseAt(key, choices++) * slots.slotCount);
      const vm = slots.isRunning(slot) ? slots.vmAt(slot) : undefined;
      if (vm !== undefined && isReplaceable(vm)) return vm;
    }
    return undefined;
  }

  const timer = setInterval(() => {
    for (due += (perMinute * waitMs) / 60_000; due >= 1; due -= 1) {
      const vm = choose();
      if (vm !== undefined) void replace(vm);
    }
  }, waitMs);
  return { stop: () => clearInterval(timer) };
}
