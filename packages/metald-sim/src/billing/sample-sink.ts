import type { Vm } from '../fleet/vm.ts';

/** The stage after the sampler. */
export interface SampleSink {
  /** Takes a sample: its time in whole Unix milliseconds, and a row of `usageFields` in an array that is used again. */
  add(vm: Vm, unixMs: number, amounts: Float64Array): void;
}
