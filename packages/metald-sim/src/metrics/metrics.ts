import type { Catalogue } from '@vmobs/telemetry';
import { processCpuSeconds } from '@vmobs/telemetry/exposition';
import { lossReasons, noticeKinds } from '../billing/messages.ts';
import { spoolFailures } from '../billing/spool/disk-entries.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { vmOperations, vmStates } from '../fleet/state-machine.ts';
import { type ObservedBilling, observeBilling } from './billing-metrics.ts';
import { observeVms, type VmSeries } from './vm-metrics.ts';

/** Components with internal errors: the API, the hypervisor, the delivery to billaged. */
const errorComponents = ['api', 'backend', 'billing'] as const;

/** Every instrument of metald. Sections are those of the monitoring guide. */
export type MetaldMetrics = ReturnType<typeof createMetaldMetrics>;

/** Defines the instruments of metald. */
export function createMetaldMetrics(catalogue: Catalogue) {
  return {
    ...vmInstruments(catalogue),
    ...samplingInstruments(catalogue),
    ...batchInstruments(catalogue),
    ...noticeInstruments(catalogue),
    billingSpoolFailures: catalogue.counter({
      name: 'metald_billing_spool_failures_total',
      help: 'Operations of the spool that failed in the file system: writes and syncs.',
      labels: { operation: spoolFailures },
    }),

    // Used by the alert HighErrorRate in section 4.
    errors: catalogue.counter({
      name: 'metald_errors_total',
      help: 'Internal errors, by component.',
      labels: { component: errorComponents },
    }),
  };
}

/** Section 2, VM lifecycle; `status` is used by the alert VMBootFailures in section 4. */
function vmInstruments(catalogue: Catalogue) {
  return {
    vmOperations: catalogue.counter({
      name: 'metald_vm_operations_total',
      help: 'VM operations that have ended, by operation and outcome. Failures have any reason.',
      labels: { operation: vmOperations, status: ['success', 'failed'] },
    }),
    vmBootDuration: catalogue.histogram({
      name: 'metald_vm_boot_duration_seconds',
      help: 'Time from the acceptance of BootVm until the VM runs, in seconds.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 30],
      reasonForBuckets:
        'Boots take 2 to 5 s by the documentation, so whole seconds there; 0.1 and 0.5 s as on every duration here; below, boots at a raised time scale; above, boots that hang.',
    }),
  };
}

/** Section 2, billing integration: how samples are taken. */
function samplingInstruments(catalogue: Catalogue) {
  return {
    billingMetricsCollected: catalogue.counter({
      name: 'metald_billing_metrics_collected_total',
      help: 'Usage samples taken from VMs.',
    }),
    billingTickLag: catalogue.histogram({
      name: 'metald_billing_tick_lag_seconds',
      help: 'How late a tick of sampling began, in seconds. A tick samples a share of the VMs.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      reasonForBuckets:
        'A timer is late by up to 1 ms; ticks come every 10 ms; a request may wait 25 ms; the interval is 100 ms, and beyond it samples are missing; 1 s is the interval of large fleets.',
    }),
    billingTickDuration: catalogue.histogram({
      name: 'metald_billing_tick_duration_seconds',
      help: 'How long a tick of sampling worked, in seconds, without its interruptions.',
      buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5],
      reasonForBuckets:
        'A tick of 1000 VMs takes 0.5 ms; ticks come every 10 ms, so sampling is at its limit there; from then on it lags behind.',
    }),
    billingTicksMissed: catalogue.counter({
      name: 'metald_billing_ticks_missed_total',
      help: 'Ticks of sampling that were skipped, because the next one of the same VMs was due already: their samples are missing.',
    }),
  };
}

/** Section 2, billing integration: batches, and samples that are not billed. */
function batchInstruments(catalogue: Catalogue) {
  return {
    billingBatchesSent: catalogue.counter({
      name: 'metald_billing_batches_sent_total',
      help: 'Attempts to send a batch to billaged, including failed ones, so that failures / sent is the failed share. An attempt that a failed notice before the batch prevents counts, too.',
    }),
    billingBatchFailures: catalogue.counter({
      name: 'metald_billing_batch_failures_total',
      help: 'Attempts to send a batch to billaged that failed.',
    }),
    billingBatchSize: catalogue.histogram({
      name: 'metald_billing_batch_size_histogram',
      help: 'Samples in a batch.',
      buckets: [1, 10, 60, 100, 300, 600, 1000],
      reasonForBuckets:
        'A full batch has 600 samples; billaged takes 1000 at most; 60 is a batch of one sample a second.',
    }),
    billingMetricsDropped: catalogue.counter({
      name: 'metald_billing_metrics_dropped_total',
      help: 'Usage samples that are not billed: the spool was full or could not be written to, billaged rejected them, they could not be read back, or the process ended with them in memory.',
      labels: { reason: lossReasons },
    }),
    billingDeadLetters: catalogue.counter({
      name: 'metald_billing_batches_set_aside_total',
      help: 'Dead letters: batches that billaged rejected. A spool on disk keeps them until metald-sim resend-set-aside sends them again.',
    }),
  };
}

/** Section 2, billing integration: starts, stops and possible gaps. */
function noticeInstruments(catalogue: Catalogue) {
  return {
    billingNoticesSent: catalogue.counter({
      name: 'metald_billing_notices_sent_total',
      help: 'Attempts to notify billaged of a start, a stop or a possible gap, including failed ones.',
      labels: { notice: noticeKinds },
    }),
    billingNoticeFailures: catalogue.counter({
      name: 'metald_billing_notice_failures_total',
      help: 'Failed attempts to notify billaged of a start, a stop or a possible gap.',
      labels: { notice: noticeKinds },
    }),
  };
}

/** The state that observed metrics are read from. */
export interface ObservedState extends ObservedBilling {
  readonly fleet: Fleet<unknown>;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  readonly billing: ObservedBilling['billing'] & { readonly byteLength: number };
  /** Whether there are series for each VM. */
  readonly perVmSeries: boolean;
}

/** Defines the metrics of metald that are read from its state at each scrape. */
export function observeMetald(catalogue: Catalogue, state: ObservedState): { readonly vmSeries: VmSeries } {
  const { fleet, now, perVmSeries } = state;
  catalogue.observed({
    type: 'gauge',
    name: 'metald_vms_total',
    help: 'VMs by state. A gauge; its name is from the monitoring guide.',
    labels: { state: vmStates },
    read: () => {
      const counts = fleet.countByState();
      return vmStates.map((state) => [{ state }, counts[state]] as const);
    },
  });
  observeBilling(catalogue, state);
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_open_batches_bytes',
    help: 'Memory of the samples that are in no full batch yet. It grows with the fleet and the batch size.',
    read: () => state.billing.byteLength,
  });

  const vmSeries = observeVms(catalogue, { slots: fleet.slots, now, perVmSeries });

  // Section 2, system health, under the names with a prefix. Its alert reads those without a prefix, which exist, too.
  catalogue.observed({
    type: 'counter',
    name: 'metald_process_cpu_seconds_total',
    help: 'User and system CPU time spent by metald, in seconds.',
    read: processCpuSeconds,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_process_resident_memory_bytes',
    help: 'Resident memory of metald, in bytes.',
    read: () => process.memoryUsage.rss(),
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_go_goroutines',
    help: 'Active resources and requests of the Node process: the closest Node equivalent of Go goroutines.',
    read: () => process.getActiveResourcesInfo().length,
  });
  return { vmSeries };
}
