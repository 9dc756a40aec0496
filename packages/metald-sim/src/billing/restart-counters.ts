import { memoryField, usageWidth } from '../fleet/usage.ts';
import type { Vm } from '../fleet/vm.ts';
import type { SampleSink } from './sample-sink.ts';

/**
 * Half of the largest amount that billaged bills. A sample above it is still below the largest, unless the VM used half of that
 * since the sample before: 52 days of a processor.
 */
const restartAbove = 2 ** 52;

/**
 * Keeps the counters of samples small enough to be billed. A counter that has passed the bound begins again at zero with that
 * sample. billaged sees that it fell and bills all of its next value: what was used since.
 *
 * Amounts are changed in the array that the sampler gives.
 */
export function restartCounters(next: SampleSink, bound = restartAbove): SampleSink {
  /** What each counter of a VM is reduced by. It stays empty in a fleet without such VMs. */
  const reductions = new WeakMap<Vm, Float64Array>();
  let isEmpty = true;

  function reduce(amounts: Float64Array, reduction: Float64Array): void {
    for (let field = 0; field < usageWidth; field += 1) {
      // A reboot: the VM itself begins at zero, and its first sample has that.
      if ((amounts[field] ?? 0) < (reduction[field] ?? 0)) reduction[field] = 0;
      amounts[field] = (amounts[field] ?? 0) - (reduction[field] ?? 0);
    }
  }

  function restart(vm: Vm, amounts: Float64Array): void {
    const reduction = reductions.get(vm) ?? new Float64Array(usageWidth);
    for (let field = 0; field < usageWidth; field += 1) {
      const amount = amounts[field] ?? 0;
      if (field !== memoryField && amount > bound) reduction[field] = (reduction[field] ?? 0) + amount;
    }
    reductions.set(vm, reduction);
    isEmpty = false;
  }

  return {
    add(vm, unixMs, amounts) {
      const reduction = isEmpty ? undefined : reductions.get(vm);
      if (reduction !== undefined) reduce(amounts, reduction);
      next.add(vm, unixMs, amounts);
      for (let field = 0; field < usageWidth; field += 1) {
        if ((amounts[field] ?? 0) > bound && field !== memoryField) return restart(vm, amounts);
      }
    },
  };
}
