import { draw, subKey } from './draw.ts';
import type { FleetSlots } from './fleet.ts';
import type { Vm } from './vm.ts';

/** Options of `startChurn`. */
export interface ChurnOptions<Config> {
  readonly slots: FleetSlots<Config>;
  /** VMs that are replaced in a minute. */
  readonly perMinute: number;
  readonly seed: number;
  /** Whether a VM may be replaced. */
  readonly isReplaceable: (vm: Vm<Config>) => boolean;
  /** Ends a VM and starts another like it. It does not reject: what goes wrong is reported where it happens. */
  readonly replace: (vm: Vm<Config>) => Promise<void>;
}

/** Goes on until it is stopped. */
export interface Churn {
  /** Begins no replacement any more. */
  stop(): void;
}

/** Replacements are begun this often at most; several at a time when there are more of them. */
const shortestWaitMs = 100;

/** Slots that are looked into for a VM before it is given up: the fleet is nearly empty then. */
const mostLooks = 50;

/** Starts to replace VMs, evenly over each minute: the fleet keeps its size, its series come and go. */
export function startChurn<Config>(options: ChurnOptions<Config>): Churn {
  const { slots, perMinute, seed, isReplaceable, replace } = options;
  const key = subKey(seed, 3);
  const waitMs = Math.max(shortestWaitMs, 60_000 / perMinute);
  let drawn = 0;
  let due = 0;

  function choose(): Vm<Config> | undefined {
    for (let look = 0; look < mostLooks; look += 1) {
      const slot = Math.floor(draw(key, drawn++) * slots.slotCount);
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
