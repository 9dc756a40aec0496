import type { FastifyInstance } from 'fastify';
import { addAmounts, type GroundTruth, type TrueUsage } from '../billing/ground-truth.ts';

/** Most VMs or customers in an answer. */
const largestPage = 10_000;

/** Cumulative amounts as they are answered: whole units as text, because JSON numbers end at 2^53 in many readers. */
interface WrittenAmounts {
  readonly cpu_time_nanos: string;
  readonly disk_read_bytes: string;
  readonly disk_write_bytes: string;
  readonly network_rx_bytes: string;
  readonly network_tx_bytes: string;
}

/** What one VM has used. */
export interface TrueUsageOfVm {
  readonly vm_id: string;
  readonly customer_id: string;
  readonly lives: number;
  readonly sample_count: number;
  /** Unix nanoseconds. */
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  readonly this_life: WrittenAmounts;
  readonly total: WrittenAmounts;
}

/** What the VMs of one customer have used. */
export interface TrueUsageOfCustomer {
  readonly customer_id: string;
  readonly vm_count: number;
  readonly sample_count: number;
  readonly first_timestamp: string;
  readonly last_timestamp: string;
  readonly total: WrittenAmounts;
}

/** Body of `/sim/truth`. */
export interface TruthPage {
  readonly vms?: readonly TrueUsageOfVm[];
  readonly customers?: readonly TrueUsageOfCustomer[];
  /** What to ask for as `after` for the next page; null on the last one. */
  readonly next: string | null;
  /** VMs that are gone, and of which nothing is known any more. */
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
 * Adds `GET /sim/truth`: what exactly has been sampled of each VM, or of all VMs of each customer with `?by=customer`, in
 * pages of `limit`, the next one by `after`. A bill for all samples is right if it comes to `total`.
 */
export function addTruthRoute(app: FastifyInstance, truth: GroundTruth): void {
  app.get<{ Querystring: TruthQuery }>('/sim/truth', { schema: { querystring } }, ({ query }): TruthPage => {
    const { by, limit, after } = query;
    const forgotten = { forgotten_vms: truth.forgotten };
    if (by === 'customer') {
      const { page, next } = pageOf(sumByCustomer(truth.all()), ({ customer_id }) => customer_id, { limit, after });
      return { customers: page, next, ...forgotten };
    }
    const { page, next } = pageOf([...truth.all()], ({ vmId }) => vmId, { limit, after });
    return { vms: page.map(writeVm), next, ...forgotten };
  });
}

/** Takes the rows after a key, in the order of keys: what comes and goes meanwhile moves no other row. */
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
  const sums = new Map<string, Pick<TrueUsage, 'sampleCount' | 'firstMs' | 'lastMs' | 'total'> & { vmCount: number }>();
  for (const { customerId, sampleCount, firstMs, lastMs, total } of usages) {
    const sum = sums.get(customerId);
    sums.set(
      customerId,
      sum === undefined
        ? { vmCount: 1, sampleCount, firstMs, lastMs, total }
        : {
            vmCount: sum.vmCount + 1,
            sampleCount: sum.sampleCount + sampleCount,
            firstMs: Math.min(sum.firstMs, firstMs),
            lastMs: Math.max(sum.lastMs, lastMs),
            total: addAmounts(sum.total, total),
          },
    );
  }
  return Array.from(sums, ([customer_id, { vmCount, sampleCount, firstMs, lastMs, total }]) => ({
    customer_id,
    vm_count: vmCount,
    sample_count: sampleCount,
    first_timestamp: writeNanoseconds(firstMs),
    last_timestamp: writeNanoseconds(lastMs),
    total: writeAmounts(total),
  }));
}

function writeVm({ vmId, customerId, lives, sampleCount, firstMs, lastMs, thisLife, total }: TrueUsage): TrueUsageOfVm {
  return {
    vm_id: vmId,
    customer_id: customerId,
    lives,
    sample_count: sampleCount,
    first_timestamp: writeNanoseconds(firstMs),
    last_timestamp: writeNanoseconds(lastMs),
    this_life: writeAmounts(thisLife),
    total: writeAmounts(total),
  };
}

function writeAmounts(amounts: TrueUsage['total']): WrittenAmounts {
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
