import type { Catalogue } from '@vmobs/telemetry';
import { processCpuSeconds } from '@vmobs/telemetry/exposition';
import type { UsageLedger } from './ledger/ledger.ts';

/** The components that count internal errors. */
const errorComponents = ['api', 'ledger', 'aggregation'] as const;

/** The instruments of billaged. Sections are those of the monitoring guide. */
export type BillagedMetrics = ReturnType<typeof createBillagedMetrics>;

/** Defines the instruments of billaged. */
export function createBillagedMetrics(catalogue: Catalogue) {
  return {
    ...sampleInstruments(catalogue),
    ...ledgerInstruments(catalogue),

    // Section 2, aggregation.
    aggregationDuration: catalogue.histogram({
      name: 'billaged_aggregation_duration_seconds',
      help: 'Duration of an aggregation cycle, in seconds.',
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30],
      reasonForBuckets:
        'The documented limit is 5 s; 0.1 and 0.5 s as in every duration here; below, cycles of a small fleet; above, cycles almost as long as the interval.',
    }),
    aggregationErrors: catalogue.counter({
      name: 'billaged_aggregation_errors_total',
      help: 'Aggregation cycles that failed.',
    }),

    // Used by the alert HighErrorRate in section 4.
    errors: catalogue.counter({
      name: 'billaged_errors_total',
      help: 'Internal errors, by component.',
      labels: { component: errorComponents },
    }),
  };
}

/** Section 2, billing: samples and batches. `received` is used by the indicator billaged_processing_success in section 7. */
function sampleInstruments(catalogue: Catalogue) {
  return {
    metricsReceived: catalogue.counter({
      name: 'billaged_metrics_received_total',
      help: 'Usage samples received in well-formed batches.',
    }),
    metricsProcessed: catalogue.counter({
      name: 'billaged_metrics_processed_total',
      help: 'Usage samples processed. A duplicate is counted too, but billed once.',
    }),
    metricsDuplicate: catalogue.counter({
      name: 'billaged_metrics_duplicate_total',
      help: 'Usage samples that were not billed because their time is already covered.',
    }),
    batchSize: catalogue.histogram({
      name: 'billaged_batch_size_histogram',
      help: 'Usage samples in a batch.',
      buckets: [1, 10, 60, 100, 300, 600, 1000],
      reasonForBuckets: 'The edges of metald_billing_batch_size_histogram, so that the two can be compared.',
    }),
    processingDuration: catalogue.histogram({
      name: 'billaged_processing_duration_seconds',
      help: 'Time from the arrival of a batch until it is processed, in seconds.',
      buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      reasonForBuckets:
        'The alert SlowBillingProcessing has the threshold 0.1 s, the documented target is 0.01 s; buckets below are for batches of usual size, above for a slow disk.',
    }),
  };
}

/** Section 2, billing: what is refused, how long the ledger takes, and what may be missing. */
function ledgerInstruments(catalogue: Catalogue) {
  return {
    metricsRefused: catalogue.counter({
      name: 'billaged_metrics_refused_total',
      help: 'Usage samples of well-formed batches that are not billed: more than 5 minutes ahead of the clock, or of hours that are sealed.',
      labels: { reason: ['future', 'closed'] },
    }),
    batchesRefused: catalogue.counter({
      name: 'billaged_batches_refused_total',
      help: 'Batches refused because the maximum number or size of batches was already waiting for the ledger, or because they arrived too slowly while others needed their room.',
      labels: { reason: ['batches', 'bytes', 'slow'] },
    }),
    ledgerCommitDuration: catalogue.histogram({
      name: 'billaged_ledger_commit_duration_seconds',
      help: 'Time that a commit of the ledger waited for its disk, in seconds. Batches that arrive together share a commit; the process does nothing else meanwhile.',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      reasonForBuckets:
        'A fast disk syncs in 0.5 to 2.5 ms, a slow one in 10 to 50 ms; a batch may take 0.1 s (SlowBillingProcessing); above, an overloaded disk.',
    }),
    gapNotifications: catalogue.counter({
      name: 'billaged_gap_notifications_total',
      help: 'Notices of a period in which samples of a VM may be missing.',
    }),
  };
}

/** Defines the metrics whose values are read from the state of billaged at each scrape. */
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
    help: 'Batches that have arrived and wait for the ledger.',
    read: () => admission.batches,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_batches_in_flight_bytes',
    help: 'Bytes of batches that have arrived, of those that wait for the ledger and those that are being read.',
    read: () => admission.bytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_batches_in_flight_limit',
    help: 'Maximum number of batches in flight; more are refused.',
    read: () => admission.maxBatches,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_batches_in_flight_limit_bytes',
    help: 'Maximum size of the batches in flight, in bytes; more are refused.',
    read: () => admission.maxBytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_ledger_size_bytes',
    help: 'Size of the ledger on disk in bytes: its file and its write-ahead log. Absent if the ledger is on another machine.',
    read: () => ledger.disk?.usedBytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_ledger_disk_free_bytes',
    help: 'Free bytes on the disk of the ledger. Absent if the ledger is in memory or on another machine.',
    read: () => ledger.disk?.freeBytes,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'billaged_active_vms',
    help: 'Tracked VMs: started or seen in a batch, and not stopped.',
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
