import { type Context, type SpanContext, TraceFlags } from '@opentelemetry/api';
import type { Catalogue } from '../metrics/catalogue.ts';
import type { CollectorReport, CollectorRequests, CollectorWatch } from './collector.ts';

/**
 * Why an ended span never reached the exporter: the queue was full, it ended after telemetry was closed, or the time for the
 * last export was over. The first two names are OpenTelemetry's.
 */
export const queueLosses = ['queue_full', 'already_shutdown', 'shutdown_timeout'] as const;

/**
 * Why an export failed after its retries: the collector accepted the request and rejected these spans, refused the request
 * (4xx, 5xx), asked for a retry later (429, 502, 503, 504), could not be reached, timed out, had not finished when the time for
 * the last export was over, or another reason. `rejected` and `_OTHER` are OpenTelemetry's.
 */
export const exportLosses = [
  'rejected',
  'refused',
  'unavailable',
  'unreachable',
  'timeout',
  'shutdown_timeout',
  '_OTHER',
] as const;

/** Why an export failed. */
export type ExportLoss = (typeof exportLosses)[number];

/**
 * The state of every sampled span that has ended. At any time, counted from the start:
 * ended = sum of `processed` + `queued`, and `processed['']` = sum of `exported` + `inFlight`.
 */
export interface SpanAccounts {
  /** Largest number of queued spans. 0 while nothing is recorded. */
  readonly capacity: number;
  /** Spans that wait for their export. */
  queued: number;
  /** Spans that are being exported, retries included. */
  inFlight: number;
  /** Spans that left the queue for the exporter, under the empty key, and lost ones by reason. */
  readonly processed: Record<'' | (typeof queueLosses)[number], number>;
  /** Spans that the collector accepted, under the empty key, and lost ones by reason. */
  readonly exported: Record<'' | ExportLoss, number>;
  /** Requests to the collector that repeated a failed one. */
  retries: number;
  /** Set when exports have ended; later results are not counted again. */
  isSettled: boolean;
}

/** Opens accounts for a queue of this size. */
export function openSpanAccounts(capacity: number): SpanAccounts {
  return {
    capacity,
    queued: 0,
    inFlight: 0,
    processed: { '': 0, queue_full: 0, already_shutdown: 0, shutdown_timeout: 0 },
    exported: {
      '': 0,
      rejected: 0,
      refused: 0,
      unavailable: 0,
      unreachable: 0,
      timeout: 0,
      shutdown_timeout: 0,
      _OTHER: 0,
    },
    retries: 0,
    isSettled: false,
  };
}

/** Number of spans lost so far. */
export function lostSpans({ processed, exported }: SpanAccounts): number {
  const sum = (losses: readonly number[]) => losses.reduce((total, count) => total + count, 0);
  return sum(queueLosses.map((loss) => processed[loss])) + sum(exportLosses.map((loss) => exported[loss]));
}

/** Counts queued and in-flight spans as lost, because no more results will come. */
export function settleSpanAccounts(accounts: SpanAccounts): void {
  accounts.processed.shutdown_timeout += accounts.queued;
  accounts.exported.shutdown_timeout += accounts.inFlight;
  accounts.queued = 0;
  accounts.inFlight = 0;
  accounts.isSettled = true;
}

/**
 * Defines the metrics of ended spans, read from the accounts at each scrape. Names are OpenTelemetry's in Prometheus form; its
 * convention omits `error.type` on success, which is the empty label value here.
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
    help: 'Largest number of spans that may wait for their export; more are lost. 0 when traces are off.',
    read: () => accounts.capacity,
  });
  catalogue.observed({
    type: 'counter',
    name: 'otel_sdk_processor_span_processed_total',
    help: 'Spans that left the queue: to the exporter with an empty error_type, lost with any other.',
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
    help: 'Spans whose export has ended: accepted by the collector with an empty error_type, lost with any other.',
    labels: { error_type: exported },
    read: () => exported.map((error_type) => [{ error_type }, accounts.exported[error_type]] as const),
  });
  catalogue.observed({
    type: 'counter',
    name: 'otlp_exporter_retries_total',
    help: 'Requests to the collector that repeated a failed one.',
    read: () => accounts.retries,
  });
}

/*
 * The batching processor and the exporter are the SDK's. These wrappers count every span when it enters the processor, when it
 * moves to the exporter, and when its export ends. The types are the used parts of the SDK's types.
 */

/** A span processor of the SDK. */
interface Processor<Started, Ended> {
  onStart(span: Started, parent: Context): void;
  onEnd(span: Ended): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** A span exporter of the SDK. */
interface Exporter<Span, Result> {
  export(spans: Span[], done: (result: Result) => void): void;
  shutdown(): Promise<void>;
}

/** How an export ended: 0 is success. */
interface Outcome {
  readonly code: number;
  readonly error?: Error;
}

/**
 * Limits the queue of a batching processor: a span that finds it full, or ends after shutdown, is counted and dropped here. The
 * count of queued spans is never below the processor's own, so the processor itself never drops a span.
 */
export function countQueue<Started, Ended extends { spanContext(): SpanContext }>(
  processor: Processor<Started, Ended>,
  accounts: SpanAccounts,
): Processor<Started, Ended> {
  let isClosed = false;
  return {
    onStart: (span, parent) => processor.onStart(span, parent),
    onEnd(span) {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      if (isClosed) accounts.processed.already_shutdown += 1;
      else if (accounts.queued >= accounts.capacity) accounts.processed.queue_full += 1;
      else {
        accounts.queued += 1;
        processor.onEnd(span);
      }
    },
    forceFlush: () => processor.forceFlush(),
    shutdown() {
      isClosed = true;
      return processor.shutdown();
    },
  };
}

/** Counts the spans of an exporter by result, and reports a collector that does not accept spans. */
export function countExports<Span, Result extends Outcome>(
  exporter: Exporter<Span, Result>,
  parts: { readonly accounts: SpanAccounts; readonly watch: CollectorWatch; readonly report: CollectorReport },
): Exporter<Span, Result> {
  const { accounts, watch, report } = parts;

  function finish(spans: number, { code, error }: Outcome, requests: CollectorRequests): void {
    if (accounts.isSettled) return;
    accounts.inFlight -= spans;
    if (code !== 0) {
      accounts.exported[lossOf(requests)] += spans;
      report.failed(spans, describe(requests, error));
      return;
    }
    const rejected = Math.min(requests.rejectedSpans, spans);
    accounts.exported.rejected += rejected;
    accounts.exported[''] += spans - rejected;
    report.took();
    if (rejected > 0) report.rejected(rejected, requests.rejectedBecause);
  }

  return {
    export(spans, done) {
      if (!accounts.isSettled) {
        accounts.queued -= spans.length;
        accounts.processed[''] += spans.length;
        accounts.inFlight += spans.length;
      }
      watch.follow((requests) => {
        try {
          exporter.export(spans, (result) => {
            finish(spans.length, result, requests);
            done(result);
          });
        } catch (error) {
          // The spans cannot be serialized; the processor handles the error and continues.
          finish(spans.length, { code: 1, error: error instanceof Error ? error : new Error(String(error)) }, requests);
          throw error;
        }
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}

const retryableStatuses = [429, 502, 503, 504];

function lossOf({ count, status, timedOut }: CollectorRequests): ExportLoss {
  if (count === 0) return '_OTHER';
  if (timedOut) return 'timeout';
  if (status === undefined) return 'unreachable';
  return retryableStatuses.includes(status) ? 'unavailable' : 'refused';
}

function describe({ status, timedOut }: CollectorRequests, error: Error | undefined): string {
  if (timedOut) return 'no answer in time';
  if (status !== undefined) return `HTTP status ${status}`;
  // A host with several addresses makes an error with a code and no message.
  const code = error !== undefined && 'code' in error ? String(error.code) : undefined;
  return error?.message || code || 'no answer';
}
