/** A metric of a program that is not ours. */
export interface ForeignMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  /** Its own labels, all of them. @default not listed, so that any label is allowed */
  readonly labels?: readonly string[];
  /** `later`: its series come with what they count. @default 'from the start' */
  readonly exists?: 'from the start' | 'later';
  /** It is a size, a time or a constant, so that a division by it is safe. */
  readonly isNeverZero?: true;
}

type Extras = Omit<ForeignMetric, 'name' | 'type'>;

const counter = (name: string, extras?: Extras): ForeignMetric => ({ name, type: 'counter', ...extras });
const gauge = (name: string, extras?: Extras): ForeignMetric => ({ name, type: 'gauge', ...extras });
const histogram = (name: string, extras?: Extras): ForeignMetric => ({ name, type: 'histogram', ...extras });
const summary = (name: string, extras?: Extras): ForeignMetric => ({ name, type: 'summary', ...extras });

const never = { isNeverZero: true } as const;
const later = { exists: 'later' } as const;
const group = { labels: ['rule_group'] } as const;
const alertmanager = { labels: ['alertmanager'] } as const;
const byPath = { labels: ['path'] } as const;
const byType = { labels: ['type'] } as const;

/** Prometheus writes these itself at each scrape: https://prometheus.io/docs/concepts/jobs_instances/ */
const ofScrapes = [
  gauge('up', { labels: [] }),
  gauge('scrape_duration_seconds', { labels: [], ...never }),
  gauge('scrape_samples_scraped', { labels: [] }),
  gauge('scrape_samples_post_metric_relabeling', { labels: [] }),
  gauge('scrape_series_added', { labels: [] }),
];

/** The Go client library and the process collector: /metrics of every Go program of the stack. */
const ofGoPrograms = [
  counter('process_cpu_seconds_total', { labels: [] }),
  gauge('process_resident_memory_bytes', { labels: [], ...never }),
  gauge('process_virtual_memory_bytes', { labels: [], ...never }),
  gauge('process_start_time_seconds', { labels: [], ...never }),
  gauge('process_open_fds', { labels: [] }),
  gauge('process_max_fds', { labels: [], ...never }),
  gauge('go_goroutines', { labels: [], ...never }),
  gauge('go_memstats_heap_inuse_bytes', { labels: [], ...never }),
  summary('go_gc_duration_seconds', { labels: [] }),
];

/** /metrics of Prometheus 3.16. */
const ofPrometheus = [
  gauge('prometheus_build_info', never),
  gauge('prometheus_ready', { labels: [] }),
  gauge('prometheus_config_last_reload_successful', { labels: [] }),
  gauge('prometheus_config_last_reload_success_timestamp_seconds', { labels: [], ...never }),
  summary('prometheus_engine_query_duration_seconds', { labels: ['slice'] }),
  histogram('prometheus_http_request_duration_seconds', { labels: ['handler'] }),
  counter('prometheus_http_requests_total', { labels: ['code', 'handler'] }),
  gauge('prometheus_notifications_alertmanagers_discovered', { labels: [] }),
  counter('prometheus_notifications_dropped_total', alertmanager),
  counter('prometheus_notifications_errors_total', alertmanager),
  counter('prometheus_notifications_sent_total', alertmanager),
  gauge('prometheus_notifications_queue_length', alertmanager),
  gauge('prometheus_notifications_queue_capacity', { labels: [], ...never }),
  counter('prometheus_rule_evaluations_total', group),
  counter('prometheus_rule_evaluation_failures_total', group),
  summary('prometheus_rule_evaluation_duration_seconds', { labels: [] }),
  counter('prometheus_rule_group_iterations_total', group),
  counter('prometheus_rule_group_iterations_missed_total', group),
  gauge('prometheus_rule_group_interval_seconds', { ...group, ...never }),
  gauge('prometheus_rule_group_last_duration_seconds', group),
  gauge('prometheus_rule_group_last_evaluation_timestamp_seconds', { ...group, ...never }),
  gauge('prometheus_target_scrape_pool_targets', { labels: ['scrape_job'] }),
  counter('prometheus_target_scrapes_exceeded_sample_limit_total', { labels: [] }),
  counter('prometheus_target_scrapes_exemplar_out_of_order_total', { labels: [] }),
  counter('prometheus_target_scrapes_sample_duplicate_timestamp_total', { labels: [] }),
  counter('prometheus_target_scrapes_sample_out_of_bounds_total', { labels: [] }),
  counter('prometheus_target_scrapes_sample_out_of_order_total', { labels: [] }),
  counter('prometheus_target_sync_failed_total', { labels: ['scrape_job'] }),
  counter('prometheus_tsdb_compactions_failed_total', { labels: [] }),
  counter('prometheus_tsdb_exemplar_exemplars_appended_total', { labels: [] }),
  counter('prometheus_tsdb_head_samples_appended_total', { labels: ['type'] }),
  gauge('prometheus_tsdb_head_series', { labels: [] }),
  counter('prometheus_tsdb_head_series_created_total', { labels: [] }),
  counter('prometheus_tsdb_reloads_failures_total', { labels: [] }),
  gauge('prometheus_tsdb_storage_blocks_bytes', { labels: [] }),
  gauge('prometheus_tsdb_wal_storage_size_bytes', { labels: [] }),
  counter('prometheus_tsdb_wal_corruptions_total', { labels: [] }),
  counter('prometheus_tsdb_wal_writes_failed_total', { labels: [] }),
];

/** /metrics of Alertmanager 0.34, by its sources. Integrations are counted from the start, reasons of failures, too. */
const ofAlertmanager = [
  gauge('alertmanager_alerts', { labels: ['state'] }),
  counter('alertmanager_alerts_received_total', { labels: ['status', 'version'] }),
  counter('alertmanager_alerts_invalid_total', { labels: ['version'] }),
  gauge('alertmanager_config_last_reload_successful', { labels: [] }),
  gauge('alertmanager_config_last_reload_success_timestamp_seconds', { labels: [], ...never }),
  counter('alertmanager_notifications_total', { labels: ['integration', 'receiver_name'] }),
  counter('alertmanager_notifications_failed_total', { labels: ['integration', 'receiver_name', 'reason'] }),
  counter('alertmanager_notifications_suppressed_total', { labels: ['reason'] }),
  histogram('alertmanager_notification_latency_seconds', { labels: ['integration', 'receiver_name'] }),
  gauge('alertmanager_silences', { labels: ['state'] }),
];

/** /metrics of node_exporter 1.12 on Linux. */
const ofNode = [
  counter('node_cpu_seconds_total', { labels: ['cpu', 'mode'] }),
  gauge('node_load1', { labels: [] }),
  gauge('node_load5', { labels: [] }),
  gauge('node_load15', { labels: [] }),
  gauge('node_memory_MemTotal_bytes', { labels: [], ...never }),
  gauge('node_memory_MemAvailable_bytes', { labels: [] }),
  gauge('node_memory_MemFree_bytes', { labels: [] }),
  gauge('node_memory_Cached_bytes', { labels: [] }),
  gauge('node_memory_Buffers_bytes', { labels: [] }),
  gauge('node_memory_SwapTotal_bytes', { labels: [] }),
  gauge('node_memory_SwapFree_bytes', { labels: [] }),
  gauge('node_filesystem_size_bytes', { labels: ['device', 'fstype', 'mountpoint', 'device_error'], ...never }),
  gauge('node_filesystem_avail_bytes', { labels: ['device', 'fstype', 'mountpoint', 'device_error'] }),
  gauge('node_filesystem_free_bytes', { labels: ['device', 'fstype', 'mountpoint', 'device_error'] }),
  gauge('node_filesystem_files', { labels: ['device', 'fstype', 'mountpoint', 'device_error'] }),
  gauge('node_filesystem_files_free', { labels: ['device', 'fstype', 'mountpoint', 'device_error'] }),
  counter('node_disk_read_bytes_total', { labels: ['device'] }),
  counter('node_disk_written_bytes_total', { labels: ['device'] }),
  counter('node_disk_io_time_seconds_total', { labels: ['device'] }),
  counter('node_network_receive_bytes_total', { labels: ['device'] }),
  counter('node_network_transmit_bytes_total', { labels: ['device'] }),
  counter('node_network_receive_errs_total', { labels: ['device'] }),
  counter('node_network_transmit_errs_total', { labels: ['device'] }),
  counter('node_context_switches_total', { labels: [] }),
  gauge('node_boot_time_seconds', { labels: [], ...never }),
  gauge('node_time_seconds', { labels: [], ...never }),
  gauge('node_filefd_allocated', { labels: [] }),
  gauge('node_filefd_maximum', { labels: [], ...never }),
  gauge('node_uname_info', never),
  counter('node_pressure_cpu_waiting_seconds_total', { labels: [] }),
  counter('node_pressure_io_waiting_seconds_total', { labels: [] }),
  counter('node_pressure_memory_waiting_seconds_total', { labels: [] }),
];

/** Own metrics of the OpenTelemetry Collector 0.159 (its documentation.md files); series come with what they count. */
const ofCollector = [
  counter('otelcol_process_uptime_seconds_total', never),
  counter('otelcol_process_cpu_seconds_total'),
  gauge('otelcol_process_memory_rss_bytes', never),
  gauge('otelcol_process_runtime_heap_alloc_bytes', never),
  counter('otelcol_receiver_accepted_spans_total', later),
  counter('otelcol_receiver_accepted_metric_points_total', later),
  counter('otelcol_receiver_accepted_log_records_total', later),
  counter('otelcol_receiver_refused_spans_total', later),
  counter('otelcol_receiver_refused_metric_points_total', later),
  counter('otelcol_receiver_refused_log_records_total', later),
  counter('otelcol_receiver_failed_spans_total', later),
  counter('otelcol_receiver_failed_metric_points_total', later),
  counter('otelcol_receiver_failed_log_records_total', later),
  counter('otelcol_processor_incoming_items_total', later),
  counter('otelcol_processor_outgoing_items_total', later),
  counter('otelcol_processor_refused_spans_total', later),
  counter('otelcol_processor_refused_metric_points_total', later),
  counter('otelcol_processor_refused_log_records_total', later),
  counter('otelcol_exporter_sent_spans_total', later),
  counter('otelcol_exporter_sent_metric_points_total', later),
  counter('otelcol_exporter_sent_log_records_total', later),
  counter('otelcol_exporter_send_failed_spans_total', later),
  counter('otelcol_exporter_send_failed_metric_points_total', later),
  counter('otelcol_exporter_send_failed_log_records_total', later),
  counter('otelcol_exporter_enqueue_failed_spans_total', later),
  counter('otelcol_exporter_enqueue_failed_metric_points_total', later),
  counter('otelcol_exporter_enqueue_failed_log_records_total', later),
  gauge('otelcol_exporter_queue_size'),
  gauge('otelcol_exporter_queue_capacity', never),
];

/** The span_metrics connector of the collector, in its default namespace, in either unit. */
const ofSpans = [
  counter('traces_span_metrics_calls_total', later),
  histogram('traces_span_metrics_duration_milliseconds', later),
  histogram('traces_span_metrics_duration_seconds', later),
];

/** Own metrics of Jaeger 2; a collector inside, so that it has those of the collector, too. */
const ofJaeger = [counter('jaeger_storage_requests_total', later), histogram('jaeger_storage_latency_seconds', later)];

/**
 * /metrics of VictoriaLogs 1.52, as it serves them with the flags of compose/. It has no help texts, and its histograms have
 * `vmrange` instead of `le`.
 */
const ofVictoriaLogs = [
  gauge('vm_app_version', { labels: ['version', 'short_version'], ...never }),
  gauge('vm_allowed_memory_bytes', { labels: [], ...never }),
  gauge('vl_storage_is_read_only', byPath),
  gauge('vl_free_disk_space_bytes', byPath),
  gauge('vl_total_disk_space_bytes', { ...byPath, ...never }),
  gauge('vl_max_disk_space_usage_bytes', { ...byPath, ...never }),
  gauge('vl_data_size_bytes', byType),
  gauge('vl_compressed_data_size_bytes', byType),
  gauge('vl_uncompressed_data_size_bytes', byType),
  gauge('vl_storage_rows', byType),
  gauge('vl_pending_rows', byType),
  gauge('vl_partitions', { labels: [] }),
  counter('vl_streams_created_total', { labels: [] }),
  // Those that are dropped afterwards count, too.
  counter('vl_rows_ingested_total', { ...byType, ...later }),
  counter('vl_bytes_ingested_total', { ...byType, ...later }),
  counter('vl_rows_dropped_total', { labels: ['reason'] }),
  counter('vl_too_long_lines_skipped_total', { labels: [] }),
  // Requests that it cannot read, of some protocols. Refused for want of room or of time they are not in it, nor are queries.
  counter('vl_http_errors_total', { labels: ['path', 'format'] }),
  counter('vl_http_requests_total', { labels: ['path', 'format'] }),
  summary('vl_http_request_duration_seconds', { labels: ['path', 'format'], ...later }),
  counter('vl_slow_queries_total', { labels: [] }),
  gauge('vl_concurrent_select_current', { labels: [] }),
  gauge('vl_concurrent_select_capacity', { labels: [], ...never }),
  counter('vl_concurrent_select_limit_reached_total', { labels: [] }),
  counter('vl_concurrent_select_limit_timeout_total', { labels: [] }),
  gauge('vm_concurrent_insert_current', { labels: [] }),
  gauge('vm_concurrent_insert_capacity', { labels: [], ...never }),
  counter('vm_concurrent_insert_limit_reached_total', { labels: [] }),
  counter('vm_concurrent_insert_limit_timeout_total', { labels: [] }),
  counter('vm_log_messages_total', { labels: ['app_version', 'level', 'location', 'is_printed'], ...later }),
];

/**
 * Metrics of the other programs of the stack that queries may ask for. One that is missing here is added with the
 * program and version that serves it.
 */
export const foreignMetrics: readonly ForeignMetric[] = [
  ...ofScrapes,
  ...ofGoPrograms,
  ...ofPrometheus,
  ...ofAlertmanager,
  ...ofNode,
  ...ofCollector,
  ...ofSpans,
  ...ofJaeger,
  ...ofVictoriaLogs,
];
