import { anyValue, type Catalogue, processCpuSeconds } from '@vmobs/telemetry';
import type { BillingQueue } from './billing/queue.ts';
import type { Fleet } from './fleet/fleet.ts';
import { vmOperations, vmStates } from './fleet/state-machine.ts';

/** Where an internal error can arise: in the API itself, in the hypervisor, on the way to billaged. */
const errorComponents = ['api', 'backend', 'billing'] as const;

/** Every instrument that metald moves. Sections are those of the monitoring guide. */
export type MetaldMetrics = ReturnType<typeof createMetaldMetrics>;

/** Defines the instruments of metald. */
export function createMetaldMetrics(catalogue: Catalogue) {
  return {
    // Section 2, VM lifecycle; `status` is used by the alert VMBootFailures in section 4.
    vmOperations: catalogue.counter({
      name: 'metald_vm_operations_total',
      help: 'VM operations that have ended, by operation and outcome, whatever the reason of a failure was.',
      labels: { operation: vmOperations, status: ['success', 'failed'] },
    }),
    vmBootDuration: catalogue.histogram({
      name: 'metald_vm_boot_duration_seconds',
      help: 'Time from the acceptance of BootVm until the VM runs, in seconds.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 30],
      reasonForBuckets:
        'Boots take 2 to 5 s by the documentation, so whole seconds there; 0.1 and 0.5 s as on every duration here; below, boots at a raised time scale; above, boots that hang.',
    }),

    // Section 2, billing integration.
    billingMetricsCollected: catalogue.counter({
      name: 'metald_billing_metrics_collected_total',
      help: 'Usage samples taken from VMs.',
    }),
    billingBatchesSent: catalogue.counter({
      name: 'metald_billing_batches_sent_total',
      help: 'Attempts to send a batch to billaged, failed ones included, so that failures / sent is the share that failed.',
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
      help: 'Usage samples that were given up: the queue was full, billaged refused them, or the process ended.',
    }),

    // Used by the alert HighErrorRate in section 4.
    errors: catalogue.counter({
      name: 'metald_errors_total',
      help: 'Internal errors, by the component where they arose.',
      labels: { component: errorComponents },
    }),
  };
}

/** What the metrics that are read at each scrape are read from. */
export interface ObservedState {
  readonly fleet: Fleet<unknown>;
  readonly queue: BillingQueue;
  /** Whether there are series for each VM. */
  readonly perVmSeries: boolean;
}

/** Defines the metrics of metald that are read from its state at each scrape. */
export function observeMetald(catalogue: Catalogue, { fleet, queue, perVmSeries }: ObservedState): void {
  catalogue.observed({
    type: 'gauge',
    name: 'metald_vms_total',
    help: 'VMs by state. A gauge: the name is the one that the monitoring guide gives it.',
    labels: { state: vmStates },
    read: () => {
      const counts = fleet.countByState();
      return vmStates.map((state) => [{ state }, counts[state]] as const);
    },
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_billing_queue_batches',
    help: 'Batches and notices that wait to be sent to billaged.',
    read: () => queue.length,
  });

  const eachRunningVm = () => (perVmSeries ? fleet.running() : []);
  catalogue.observed({
    type: 'gauge',
    name: 'metald_cpu_usage_percent',
    help: 'Load of the processors of a running VM, 0 to 100.',
    labels: { vm_id: anyValue },
    read: () => Array.from(eachRunningVm(), ({ id, usage }) => [{ vm_id: id }, usage.cpuPercent] as const),
  });
  catalogue.observed({
    type: 'gauge',
    name: 'metald_memory_usage_bytes',
    help: 'Memory that a running VM uses, in bytes.',
    labels: { vm_id: anyValue },
    read: () => Array.from(eachRunningVm(), ({ id, usage }) => [{ vm_id: id }, Math.floor(usage.memoryBytes)] as const),
  });
  catalogue.observed({
    type: 'counter',
    name: 'metald_disk_io_bytes_total',
    help: 'Bytes that a running VM has read from and written to its disks since it was booted.',
    labels: { vm_id: anyValue, op: ['read', 'write'] },
    read: () =>
      Array.from(eachRunningVm()).flatMap(({ id, usage }) => [
        [{ vm_id: id, op: 'read' }, Math.floor(usage.diskReadBytes)] as const,
        [{ vm_id: id, op: 'write' }, Math.floor(usage.diskWriteBytes)] as const,
      ]),
  });

  // Section 2, system health, under the names with a prefix; its alert reads the ones without, which are there, too.
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
    help: 'Active resources and requests of the Node process: what comes nearest to the goroutines of the original.',
    read: () => process.getActiveResourcesInfo().length,
  });
}
