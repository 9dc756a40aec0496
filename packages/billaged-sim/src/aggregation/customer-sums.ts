import type { VmUsage } from '../ledger/ledger.ts';
import { addUsage } from '../ledger/usage.ts';
import { resourceScore, summariseUsed, type UsedSummary } from './summary.ts';

/** A logged summary of the usage of one customer's VMs. */
export interface CustomerSummary extends UsedSummary {
  readonly customer_id: string;
  /** Number of VMs in the sums. */
  readonly vm_count: number;
}

/** The usage of VMs, summed by customer. */
export interface CustomerSums {
  add(usage: VmUsage): void;
  /** In the order in which customers were first added. */
  summaries(): Iterable<CustomerSummary>;
}

/** Makes empty sums. */
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
              usage: { ...usage, ...addUsage(sum.usage, usage) },
              vmCount: sum.vmCount + 1,
              // A score has the memory peak of its VM, so the scores are added; a score of the sums would have only one peak.
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
