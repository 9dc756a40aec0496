/*
 * The metric contract, written out by hand from the monitoring guide (sections 2, 4 and 7) and not from the code: this is
 * what the services are held to.
 */

/** A metric as the guide documents it. */
export interface GuideMetric {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Label names and, where the guide fixes them, all their values. */
  readonly labels?: Readonly<Record<string, readonly string[] | 'any'>>;
  /** Edges that alerts, objectives or documented limits stand at. */
  readonly edges?: readonly number[];
}

const vmMethods = [
  'CreateVm',
  'DeleteVm',
  'BootVm',
  'ShutdownVm',
  'PauseVm',
  'ResumeVm',
  'RebootVm',
  'GetVmInfo',
  'ListVms',
];

/** What metald serves on :9464. */
export const metaldContract: Readonly<Record<string, GuideMetric>> = {
  metald_vms_total: { type: 'gauge', labels: { state: ['created', 'running', 'paused', 'shutdown'] } },
  metald_vm_boot_duration_seconds: { type: 'histogram', edges: [0.1, 0.5, 2, 5] },
  metald_vm_operations_total: {
    type: 'counter',
    labels: {
      operation: ['create', 'boot', 'shutdown', 'pause', 'resume', 'reboot', 'delete'],
      status: ['success', 'failed'],
    },
  },
  metald_cpu_usage_percent: { type: 'gauge', labels: { vm_id: 'any' } },
  metald_memory_usage_bytes: { type: 'gauge', labels: { vm_id: 'any' } },
  metald_disk_io_bytes_total: { type: 'counter', labels: { vm_id: 'any', op: ['read', 'write'] } },
  metald_billing_metrics_collected_total: { type: 'counter' },
  metald_billing_batches_sent_total: { type: 'counter' },
  metald_billing_batch_failures_total: { type: 'counter' },
  metald_billing_batch_size_histogram: { type: 'histogram', edges: [1, 10, 60, 100, 300, 600, 1000] },
  metald_process_cpu_seconds_total: { type: 'counter' },
  metald_process_resident_memory_bytes: { type: 'gauge' },
  metald_go_goroutines: { type: 'gauge' },
  metald_api_requests_total: { type: 'counter', labels: { method: vmMethods, code: 'any' } },
  metald_api_errors_total: { type: 'counter', labels: { method: vmMethods, code: 'any' } },
  metald_api_duration_seconds: { type: 'histogram', labels: { method: vmMethods }, edges: [0.1, 0.5] },
  metald_errors_total: { type: 'counter', labels: { component: ['api', 'backend', 'billing'] } },
  process_cpu_seconds_total: { type: 'counter' },
  process_resident_memory_bytes: { type: 'gauge' },
};

/** What billaged serves on :9465. */
export const billagedContract: Readonly<Record<string, GuideMetric>> = {
  billaged_metrics_received_total: { type: 'counter' },
  billaged_metrics_processed_total: { type: 'counter' },
  billaged_batch_size_histogram: { type: 'histogram', edges: [1, 10, 60, 100, 300, 600, 1000] },
  billaged_processing_duration_seconds: { type: 'histogram', edges: [0.01, 0.1, 0.5] },
  billaged_active_vms: { type: 'gauge' },
  billaged_aggregation_duration_seconds: { type: 'histogram', edges: [0.1, 0.5, 5] },
  billaged_aggregation_errors_total: { type: 'counter' },
  billaged_errors_total: { type: 'counter', labels: { component: ['api', 'ledger', 'aggregation'] } },
  billaged_process_cpu_seconds_total: { type: 'counter' },
  billaged_process_resident_memory_bytes: { type: 'gauge' },
  process_cpu_seconds_total: { type: 'counter' },
  process_resident_memory_bytes: { type: 'gauge' },
};
