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
    metricsRefused: catalogue.counter({
      name: 'billaged_metrics_refused_total',
      help: 'Usage samples of well-formed batches that are not billed: more than 5 minutes ahead of the clock, or of a period that is closed.',
      labels: { reason: ['future', 'closed'] },
    }),
    batchesRefused: catalogue.counter({
      name: 'billaged_batches_refused_total',
      help: 'Batches that were refused before they were read, because as many batches, or bytes of them, as may wait for the ledger did already.',
      labels: { reason: ['batches', 'bytes'] },
    }),
    ledgerCommitDuration: catalogue.histogram({
      name: 'billaged_ledger_commit_duration_seconds',
      help: 'Time that a commit of the ledger waited for its disk, in seconds. Batches that come together share a commit; nothing else is done meanwhile.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      reasonForBuckets:
        'A fast disk syncs in 0.5 to 2.5 ms, a slow one in 10 to 50; 0.1 s is all that a batch may take (SlowBillingProcessing); above, a disk that is at its end.',
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
export function observeBillaged(
  catalogue: Catalogue,
  {
    ledger,
    admission,
  }: {
    readonly ledger: Pick<UsageLedger, 'activeVms' | 'disk'>;
    readonly admission: Readonly<Record<'batches' | 'bytes' | 'maxBatches' | 'maxBytes', number>>;
  },
): void {
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_batches_in_flight',
    help: 'Batches that are being read or wait for the ledger.',
    read: () => admission.batches,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_batches_in_flight_bytes',
    help: 'Size of the batches that are being read or wait for the ledger, in bytes.',
    read: () => admission.bytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_batches_in_flight_limit',
    help: 'Batches that may be in flight; more are refused.',
    read: () => admission.maxBatches,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_batches_in_flight_limit_bytes',
    help: 'Size that the batches in flight may have, in bytes; more are refused.',
    read: () => admission.maxBytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_ledger_size_bytes',
    help: 'Bytes that the ledger takes on disk: its file, and its log of what is not in the file yet. Absent when another machine keeps the ledger.',
    read: () => ledger.disk?.usedBytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_ledger_disk_free_bytes',
    help: 'Bytes that are left on the disk of the ledger. Absent for a ledger in memory or on another machine.',
    read: () => ledger.disk?.freeBytes,
  });
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
