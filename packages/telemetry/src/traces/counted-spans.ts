import { type Context, type SpanContext, TraceFlags } from '@opentelemetry/api';
import type { CollectorReport } from './collector-report.ts';
import type { CollectorRequests, CollectorWatch } from './collector-requests.ts';
import type { ExportLoss, SpanAccounts } from './span-accounts.ts';

/*
 * The batching processor and the exporter are the SDK's. Here every span is counted on its way in, on its way from the one
 * to the other, and on its way out. The types are the parts of the SDK's that are used.
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
 * Puts a gate before a batching processor: a span that finds no room, or comes after the end, is counted and goes no
 * further. The gate holds at least what the queue behind it holds, so the processor itself never drops one.
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

/** Counts what an exporter is given and what becomes of it, and reports a collector that does not take spans. */
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
          // Spans that cannot be written down; the processor takes note of the error and goes on.
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
  // An address that stands for several has an error with a code and no message.
  const code = error !== undefined && 'code' in error ? String(error.code) : undefined;
  return error?.message || code || 'no answer';
}
