import type { VmUsage } from '../ledger/ledger.ts';
import { isoTime } from '../ledger/time.ts';
import type { Usage } from '../ledger/usage.ts';

/** A logged usage summary: the documented fields in their units. */
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

/** Summarises the usage of a VM since it was first seen. */
export function summarise(usage: VmUsage): UsageSummary {
  return {
    vm_id: usage.vmId,
    customer_id: usage.customerId,
    start_time: isoTime(usage.startNanos, 3),
    end_time: isoTime(usage.endNanos, 3),
    ...summariseUsed(usage),
  };
}

/** Converts amounts to the documented units. */
export function summariseUsed(used: Usage): UsedSummary {
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

/** The cost of a VM as one number, as billaged documents it: CPU seconds plus half the peak GiB of memory, 0.3 of the MiB of disk traffic. */
export function resourceScore({ growth, memoryMaxBytes }: Pick<Usage, 'growth' | 'memoryMaxBytes'>): number {
  const cpuSeconds = Number(growth.cpuNanos) / 1e9;
  const memoryGiB = Number(memoryMaxBytes) / 1024 ** 3;
  const diskMiB = Number(growth.diskReadBytes + growth.diskWriteBytes) / MiB;
  return 1.0 * cpuSeconds + 0.5 * memoryGiB + 0.3 * diskMiB;
}

function round(value: number): number {
  return Math.round(value * 1e3) / 1e3;
}
