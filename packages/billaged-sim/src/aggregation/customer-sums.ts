import type { VmUsage } from '../ledger/ledger.ts';
import { addUsed } from '../ledger/stretch.ts';
import { resourceScore, summariseUsed, type UsedSummary } from './summary.ts';

/** What the VMs of one customer have used, as it is logged. */
export interface CustomerSummary extends UsedSummary {
  readonly customer_id: string;
  /** VMs that were summed up. */
  readonly vm_count: number;
}

/** Sums up VMs by customer. */
export interface CustomerSums {
  add(usage: VmUsage): void;
  /** In the order in which the customers came. */
  summaries(): Iterable<CustomerSummary>;
}

/** Makes sums without a VM. */
export function createCustomerSums(): CustomerSums {
  const sums = new Map<string, { usage: VmUsage; vmCount: number; score: number }>();
  return {
    add(usage) {
      const sum = sums.get(usage.customerId);
      const score = resourceScore(usage);
      sums.set(
        usage.customerId,
        sum === undefined
          ? { usage, vmCount: 1, score }
          : {
              usage: { ...usage, ...addUsed(sum.usage, usage) },
              vmCount: sum.vmCount + 1,
              // Each VM scores its own peak of memory, so the sum is not the score of the sum.
              score: sum.score + score,
            },
      );
    },
    *summaries() {
      for (const [customer, { usage, vmCount, score }] of sums) {
        yield {
          customer_id: customer,
          vm_count: vmCount,
          ...summariseUsed(usage),
          resource_score: score.toFixed(2),
        };
      }
    },
  };
}
