import type { Catalogue } from '../metrics/catalogue.ts';
import { exportLosses, queueLosses, type SpanAccounts } from './span-accounts.ts';

/**
 * Defines the metrics of what became of spans, read from the accounts at each scrape. Names are OpenTelemetry's as
 * Prometheus writes them; its convention leaves `error.type` out on success, which is the empty value of the label here.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/
 */
export function defineSpanMetrics(catalogue: Catalogue, accounts: SpanAccounts): void {
  const processed = ['', ...queueLosses] as const;
  const exported = ['', ...exportLosses] as const;
  catalogue.observed({
    type: 'gauge',
    name: 'otel_sdk_processor_span_queue_size',
    help: 'Spans that wait for their export.',
    read: () => accounts.queued,
  });
  catalogue.observed({
    type: 'gauge',
    name: 'otel_sdk_processor_span_queue_capacity',
    help: 'Most spans that wait for their export, those beyond it are lost; 0 when traces are off.',
    read: () => accounts.capacity,
  });
  catalogue.observed({
    type: 'counter',
    name: 'otel_sdk_processor_span_processed_total',
    help: 'Spans that left the queue: with an empty error_type for the exporter, with any other they are lost.',
    labels: { error_type: processed },
    read: () => processed.map((error_type) => [{ error_type }, accounts.processed[error_type]] as const),
  });
  catalogue.observed({
    type: 'gauge',
    name: 'otel_sdk_exporter_span_inflight',
    help: 'Spans that are being exported, retries included.',
    read: () => accounts.inFlight,
  });
  catalogue.observed({
    type: 'counter',
    name: 'otel_sdk_exporter_span_exported_total',
    help: 'Spans whose export is over: with an empty error_type the collector has them, with any other they are lost.',
    labels: { error_type: exported },
    read: () => exported.map((error_type) => [{ error_type }, accounts.exported[error_type]] as const),
  });
  catalogue.observed({
    type: 'counter',
    name: 'otlp_exporter_retries_total',
    help: 'Requests to the collector that repeated one that had failed.',
    read: () => accounts.retries,
  });
}
