import type { Used, VmUsage } from '../ledger/ledger.ts';

/** A usage summary as it is logged: the fields that billaged documents, in its units. */
export interface UsageSummary extends UsedSummary {
  readonly vm_id: string;
  readonly customer_id: string;
  readonly start_time: string;
  readonly end_time: string;
}

/** The amounts of a summary. */
export interface UsedSummary {
  readonly cpu_time_used_ms: number;
  readonly cpu_time_used_seconds: number;
  readonly avg_memory_usage_mb: number;
  readonly max_memory_usage_mb: number;
  readonly disk_read_mb: number;
  readonly disk_write_mb: number;
  readonly total_disk_io_mb: number;
  readonly network_rx_mb: number;
  readonly network_tx_mb: number;
  readonly total_network_io_mb: number;
  readonly resource_score: string;
  readonly sample_count: number;
}

const MiB = 1024 ** 2;

/** Sums up what a VM has used since it was first seen. */
export function summarise(usage: VmUsage): UsageSummary {
  return {
    vm_id: usage.vmId,
    customer_id: usage.customerId,
    start_time: isoTime(usage.startNanos),
    end_time: isoTime(usage.endNanos),
    ...summariseUsed(usage),
  };
}

/** Puts amounts into the documented units. */
export function summariseUsed(used: Used): UsedSummary {
  const { growth, sampleCount, memorySumBytes } = used;
  const megabytes = (bytes: bigint) => round(Number(bytes) / MiB);
  return {
    cpu_time_used_ms: round(Number(growth.cpuNanos) / 1e6),
    cpu_time_used_seconds: round(Number(growth.cpuNanos) / 1e9),
    avg_memory_usage_mb: sampleCount === 0 ? 0 : round(Number(memorySumBytes) / sampleCount / MiB),
    max_memory_usage_mb: megabytes(used.memoryMaxBytes),
    disk_read_mb: megabytes(growth.diskReadBytes),
    disk_write_mb: megabytes(growth.diskWriteBytes),
    total_disk_io_mb: megabytes(growth.diskReadBytes + growth.diskWriteBytes),
    network_rx_mb: megabytes(growth.networkRxBytes),
    network_tx_mb: megabytes(growth.networkTxBytes),
    total_network_io_mb: megabytes(growth.networkRxBytes + growth.networkTxBytes),
    resource_score: resourceScore(used).toFixed(2),
    sample_count: sampleCount,
  };
}

/** One number for what a VM cost, as billaged documents it: CPU seconds, half the peak GiB of memory, 0.3 of the MiB of disk traffic. */
export function resourceScore({ growth, memoryMaxBytes }: Pick<Used, 'growth' | 'memoryMaxBytes'>): number {
  const cpuSeconds = Number(growth.cpuNanos) / 1e9;
  const memoryGiB = Number(memoryMaxBytes) / 1024 ** 3;
  const diskMiB = Number(growth.diskReadBytes + growth.diskWriteBytes) / MiB;
  return 1.0 * cpuSeconds + 0.5 * memoryGiB + 0.3 * diskMiB;
}

function round(value: number): number {
  return Math.round(value * 1e3) / 1e3;
}

function isoTime(nanos: bigint): string {
  return new Date(Number(nanos / 1_000_000n)).toISOString();
}
