import { type Catalogue, processCpuSeconds } from '@vmobs/telemetry';
import type { UsageLedger } from './ledger/ledger.ts';

/** Where an internal error can arise. */
const errorComponents = ['api', 'ledger', 'aggregation'] as const;

/** Every instrument that billaged moves. Sections are those of the monitoring guide. */
export type BillagedMetrics = ReturnType<typeof createBillagedMetrics>;

/** Defines the instruments of billaged. */
export function createBillagedMetrics(catalogue: Catalogue) {
  return {
    // Section 2, billing; `received` is used by the indicator billaged_processing_success in section 7.
    metricsReceived: catalogue.counter({
      name: 'billaged_metrics_received_total',
      help: 'Usage samples received in well-formed batches.',
    }),
    metricsProcessed: catalogue.counter({
      name: 'billaged_metrics_processed_total',
      help: 'Usage samples accounted for; one that was accounted for before counts, and is billed once.',
    }),
    metricsDuplicate: catalogue.counter({
      name: 'billaged_metrics_duplicate_total',
      help: 'Usage samples that were not billed because their time is covered already.',
    }),
    batchSize: catalogue.histogram({
      name: 'billaged_batch_size_histogram',
      help: 'Usage samples in a batch.',
      buckets: [1, 10, 60, 100, 300, 600, 1000],
      reasonForBuckets: 'The edges of metald_billing_batch_size_histogram, so that the two can be laid side by side.',
    }),
    processingDuration: catalogue.histogram({
      name: 'billaged_processing_duration_seconds',
      help: 'Time from the arrival of a batch until it is accounted for, in seconds.',
      buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      reasonForBuckets:
        'The alert SlowBillingProcessing stands at 0.1 s and the documented target at 0.01 s; edges below for batches of ordinary size, above for a slow disk.',
    }),
    gapNotifications: catalogue.counter({
      name: 'billaged_gap_notifications_total',
      help: 'Notices of a stretch of time in which samples of a VM may be missing.',
    }),

    // Section 2, aggregation.
    aggregationDuration: catalogue.histogram({
      name: 'billaged_aggregation_duration_seconds',
      help: 'Time that one aggregation cycle took, in seconds.',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30],
      reasonForBuckets:
        'The documented limit is 5 s; 0.1 and 0.5 s as on every duration here; below, cycles over a small fleet; above, cycles that near the interval.',
    }),
    aggregationErrors: catalogue.counter({
      name: 'billaged_aggregation_errors_total',
      help: 'Aggregation cycles that failed.',
    }),

    // Used by the alert HighErrorRate in section 4.
    errors: catalogue.counter({
      name: 'billaged_errors_total',
      help: 'Internal errors, by the component where they arose.',
      labels: { component: errorComponents },
    }),
  };
}

/** Defines the metrics of billaged that are read from its state at each scrape. */
export function observeBillaged(catalogue: Catalogue, { ledger }: { readonly ledger: UsageLedger }): void {
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_active_vms',
    help: 'VMs that are tracked: started or seen in a batch, and not stopped.',
    read: () => ledger.activeVms,
  });
  catalogue.observed({
    type: 'counter',
    name: 'billaged_process_cpu_seconds_total',
    help: 'User and system CPU time spent by billaged, in seconds.',
    read: processCpuSeconds,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_process_resident_memory_bytes',
    help: 'Resident memory of billaged, in bytes.',
    read: () => process.memoryUsage.rss(),
  });
}
