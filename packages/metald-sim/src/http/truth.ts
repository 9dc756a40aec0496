import type { FastifyInstance } from 'fastify';
import { addAmounts, type BilledAmounts, type TrueUsage, type UsedInFleet } from '../fleet/used-in-fleet.ts';

/** Most VMs or customers in a response. */
const largestPage = 10_000;

/** Cumulative amounts in a response: whole units as strings, because many JSON parsers are exact only up to 2^53. */
interface WrittenAmounts {
  readonly cpu_time_nanos: string;
  readonly disk_read_bytes: string;
  readonly disk_write_bytes: string;
  readonly network_rx_bytes: string;
  readonly network_tx_bytes: string;
}

/** The usage of one VM. */
export interface TrueUsageOfVm {
  readonly vm_id: string;
  readonly customer_id: string;
  /** How often it was booted, reboots included. */
  readonly lives: number;
  readonly sample_count: number;
  /** Of its first and last sample, in Unix nanoseconds; 0 without one. */
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  /** What its machine has used since its last boot, and in all boots. */
  readonly this_life: WrittenAmounts;
  readonly total: WrittenAmounts;
  /** The part of `total` that was used after the last sample of each boot. */
  readonly not_sampled: WrittenAmounts;
}

/** The usage of all VMs of one customer. */
export interface TrueUsageOfCustomer {
  readonly customer_id: string;
  readonly vm_count: number;
  readonly sample_count: number;
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  readonly total: WrittenAmounts;
  readonly not_sampled: WrittenAmounts;
}

/** Body of `/sim/truth`. */
export interface TruthPage {
  readonly vms?: readonly TrueUsageOfVm[];
  readonly customers?: readonly TrueUsageOfCustomer[];
  /** The parameter `after` of the next page; null on the last one. */
  readonly next: string | null;
  /** Deleted VMs whose usage is no longer kept. */
  readonly forgotten_vms: number;
}

interface TruthQuery {
  readonly by: 'vm' | 'customer';
  readonly limit: number;
  readonly after?: string;
}

const querystring = {
  type: 'object',
  properties: {
    by: { enum: ['vm', 'customer'], default: 'vm' },
    limit: { type: 'integer', minimum: 1, maximum: largestPage, default: 1_000 },
    after: { type: 'string' },
  },
} as const;

/**
 * Adds `GET /sim/truth`: what the machine of each VM has used until now, or the sum per customer with `?by=customer`, in
 * pages of `limit`, the next one by `after`. A bill for all samples is right if it equals `total` minus `not_sampled`.
 */
export function addTruthRoute(app: FastifyInstance, used: UsedInFleet): void {
  app.get<{ Querystring: TruthQuery }>('/sim/truth', { schema: { querystring } }, ({ query }): TruthPage => {
    const { by, limit, after } = query;
    const forgotten = { forgotten_vms: used.forgotten };
    if (by === 'customer') {
      const { page, next } = pageOf(sumByCustomer(used.all()), ({ customer_id }) => customer_id, { limit, after });
      return { customers: page, next, ...forgotten };
    }
    const { page, next } = pageOf([...used.all()], ({ vmId }) => vmId, { limit, after });
    return { vms: page.map(writeVm), next, ...forgotten };
  });
}

/** Takes the rows after a key, in the order of keys: new and deleted rows do not move the others. */
function pageOf<Row>(
  rows: Row[],
  keyOf: (row: Row) => string,
  { limit, after }: { limit: number; after: string | undefined },
): { page: Row[]; next: string | null } {
  const rest = rows
    .filter((row) => after === undefined || keyOf(row) > after)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return { page, next: rest.length > limit && last !== undefined ? keyOf(last) : null };
}

function sumByCustomer(usages: Iterable<TrueUsage>): TrueUsageOfCustomer[] {
  const sums = new Map<string, { readonly vmCount: number; readonly sum: TrueUsage }>();
  for (const usage of usages) {
    const { vmCount, sum } = sums.get(usage.customerId) ?? { vmCount: 0, sum: undefined };
    sums.set(usage.customerId, { vmCount: vmCount + 1, sum: sum === undefined ? usage : addUsage(sum, usage) });
  }
  return Array.from(sums, ([customer_id, { vmCount, sum }]) => ({
    customer_id,
    vm_count: vmCount,
    ...writeSamples(sum),
    total: writeAmounts(sum.total),
    not_sampled: writeAmounts(sum.notSampled),
  }));
}

function addUsage(one: TrueUsage, other: TrueUsage): TrueUsage {
  // A VM without a sample has no first time.
  const firsts = [one, other].filter(({ sampleCount }) => sampleCount > 0).map(({ firstMs }) => firstMs);
  return {
    ...one,
    sampleCount: one.sampleCount + other.sampleCount,
    firstMs: firsts.length === 0 ? 0 : Math.min(...firsts),
    lastMs: Math.max(one.lastMs, other.lastMs),
    total: addAmounts(one.total, other.total),
    notSampled: addAmounts(one.notSampled, other.notSampled),
  };
}

function writeVm(usage: TrueUsage): TrueUsageOfVm {
  return {
    vm_id: usage.vmId,
    customer_id: usage.customerId,
    lives: usage.boots,
    ...writeSamples(usage),
    this_life: writeAmounts(usage.thisBoot),
    total: writeAmounts(usage.total),
    not_sampled: writeAmounts(usage.notSampled),
  };
}

function writeSamples({ sampleCount, firstMs, lastMs }: TrueUsage) {
  return {
    sample_count: sampleCount,
    first_timestamp: writeNanoseconds(firstMs),
    last_timestamp: writeNanoseconds(lastMs),
  };
}

function writeAmounts(amounts: BilledAmounts): WrittenAmounts {
  return {
    cpu_time_nanos: String(amounts.cpuNanos),
    disk_read_bytes: String(amounts.diskReadBytes),
    disk_write_bytes: String(amounts.diskWriteBytes),
    network_rx_bytes: String(amounts.networkRxBytes),
    network_tx_bytes: String(amounts.networkTxBytes),
  };
}

function writeNanoseconds(unixMs: number): string {
  return String(BigInt(unixMs) * 1_000_000n);
}
