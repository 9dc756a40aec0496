/**
 * The usage of a VM in whole units. CPU time and bytes are cumulative since its boot; load and memory are current values.
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

/** The amounts of a VM, in their order in a row of numbers. */
export const usageFields = [
  'cpuNanos',
  'memoryBytes',
  'diskReadBytes',
  'diskWriteBytes',
  'networkRxBytes',
  'networkTxBytes',
] as const satisfies readonly (keyof Usage)[];

/** Numbers in a row. */
export const usageWidth = usageFields.length;

/** Index of memory in a row: the only amount that is not cumulative. */
export const memoryField = usageFields.indexOf('memoryBytes');

/** Share of its memory that a VM uses right after its boot: that of the kernel. */
export const bootMemoryShare = 0.1;
