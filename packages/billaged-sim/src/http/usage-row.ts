import { resourceScore } from '../aggregation/summary.ts';
import type { PeriodUsage } from '../ledger/ledger.ts';
import { isoTime } from '../ledger/time.ts';

/**
 * The usage of a VM for a customer, as `/v1/usage` writes it. Amounts are strings of digits, as int64 is in protobuf's JSON: a
 * number would be rounded.
 */
export interface UsageRow {
  readonly vm_id: string;
  readonly customer_id: string;
  /** Times of the first and last sample in the period, with nanoseconds. */
  readonly first_sample: string;
  readonly last_sample: string;
  readonly samples: number;
  /** Number of intervals of more than two minutes between two samples. */
  readonly gaps: number;
  readonly cpu_time_nanos: string;
  /** Integral of memory over time, with three decimals. */
  readonly memory_byte_seconds: string;
  readonly max_memory_bytes: string;
  readonly disk_read_bytes: string;
  readonly disk_write_bytes: string;
  readonly network_rx_bytes: string;
  readonly network_tx_bytes: string;
  /** As in the usage summaries: CPU seconds, half the peak GiB of memory, 0.3 of the MiB of disk traffic. */
  readonly resource_score: string;
  /** Whether a bound of the period cuts a segment, whose usage is then divided in proportion to time. */
  readonly interpolated: boolean;
}

/** Names of the fields, in the order of the CSV columns. */
export const usageColumns = [
  'vm_id',
  'customer_id',
  'first_sample',
  'last_sample',
  'samples',
  'gaps',
  'cpu_time_nanos',
  'memory_byte_seconds',
  'max_memory_bytes',
  'disk_read_bytes',
  'disk_write_bytes',
  'network_rx_bytes',
  'network_tx_bytes',
  'resource_score',
  'interpolated',
] as const satisfies readonly (keyof UsageRow)[];

/** Converts usage to a row. */
export function usageRow(usage: PeriodUsage): UsageRow {
  const { growth } = usage;
  return {
    vm_id: usage.vmId,
    customer_id: usage.customerId,
    first_sample: isoTime(usage.firstNanos, 9),
    last_sample: isoTime(usage.lastNanos, 9),
    samples: usage.sampleCount,
    gaps: usage.gaps,
    cpu_time_nanos: String(growth.cpuNanos),
    memory_byte_seconds: thousandths(usage.memoryByteMillis),
    max_memory_bytes: String(usage.memoryMaxBytes),
    disk_read_bytes: String(growth.diskReadBytes),
    disk_write_bytes: String(growth.diskWriteBytes),
    network_rx_bytes: String(growth.networkRxBytes),
    network_tx_bytes: String(growth.networkTxBytes),
    resource_score: resourceScore(usage).toFixed(2),
    interpolated: usage.isInterpolated,
  };
}

/**
 * Formats a line of CSV (RFC 4180). A customer chooses the name, so a field that a spreadsheet would take for a formula gets an
 * apostrophe before it, and so does one that begins with an apostrophe, so that different names stay different.
 */
export function csvLine(fields: readonly (string | number | boolean)[]): string {
  return `${fields.map((field) => csvField(String(field))).join(',')}\r\n`;
}

/** Starts of formulas, also in the wide forms that spreadsheets take for the same. */
const formulaStart = /^[=+\-@\t\r\n'\uff1d\uff0b\uff0d\uff20]/;

function csvField(value: string): string {
  const text = formulaStart.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function thousandths(amount: bigint): string {
  return `${amount / 1_000n}.${String(amount % 1_000n).padStart(3, '0')}`;
}
