/**
 * What a VM uses. CPU time and bytes are cumulative since it was booted; the load and memory are those of the moment.
 */
export interface Usage {
  /** Load of its processors, 0 to 100. */
  cpuPercent: number;
  cpuNanos: number;
  memoryBytes: number;
  diskReadBytes: number;
  diskWriteBytes: number;
  networkRxBytes: number;
  networkTxBytes: number;
}

/** What a VM of this memory uses when it has just been booted: the kernel's share of memory, nothing else. */
export function initialUsage(memoryBytes: number): Usage {
  return {
    cpuPercent: 0,
    cpuNanos: 0,
    memoryBytes: 0.1 * memoryBytes,
    diskReadBytes: 0,
    diskWriteBytes: 0,
    networkRxBytes: 0,
    networkTxBytes: 0,
  };
}
