/**
 * What a VM has used, in whole units. CPU time and bytes are cumulative since it was booted; the load and memory are
 * those of the moment.
 *
 * The numbers are exact up to 2^53: that is 104 days of one busy vCPU in nanoseconds, 13 days of eight, and 8 PiB. Above
 * that they still grow, in steps of two.
 */
export interface Usage {
  /** Load of its processors, 0 to 100. */
  readonly cpuPercent: number;
  readonly cpuNanos: number;
  readonly memoryBytes: number;
  readonly diskReadBytes: number;
  readonly diskWriteBytes: number;
  readonly networkRxBytes: number;
  readonly networkTxBytes: number;
}

/** The amounts that are kept of each VM, in the order in which they stand in a row of numbers. */
export const usageFields = [
  'cpuNanos',
  'memoryBytes',
  'diskReadBytes',
  'diskWriteBytes',
  'networkRxBytes',
  'networkTxBytes',
] as const satisfies readonly (keyof Usage)[];

/** How many numbers such a row has. */
export const usageWidth = usageFields.length;

/** Where memory stands in it: the one amount that is not cumulative. */
export const memoryField = usageFields.indexOf('memoryBytes');

/** Memory of a VM that has just been booted, as a share of all it has: the kernel's. */
export const bootMemoryShare = 0.1;
