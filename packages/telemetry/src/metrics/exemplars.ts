import { isSpanContextValid, TraceFlags, trace } from '@opentelemetry/api';
import type { Exemplar } from '../exposition/family.ts';

/** Returns the exemplar of a series after a recording: a new one from the active sampled span, or the previous one. */
export type TakeExemplar = (previous: Exemplar | undefined, value: number) => Exemplar | undefined;

/** Options of `createExemplars`. */
export interface ExemplarOptions {
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /**
   * Milliseconds for which a series keeps an exemplar before it takes another: of several between two scrapes, only one is
   * ever seen.
   *
   * @default 1000
   */
  readonly intervalMs?: number;
}

/**
 * Makes the function that takes exemplars. Their labels are `trace_id` and `span_id`, 63 characters with their values;
 * OpenMetrics allows 128.
 *
 * Measured with Node 24 on an AMD EPYC: 15 ns without a span, 30 ns with one that is not sampled, 130 ns with a sampled
 * one, most of it for the time of day.
 */
export function createExemplars({ now, intervalMs = 1_000 }: ExemplarOptions): TakeExemplar {
  return (previous, value) => {
    const context = trace.getActiveSpan()?.spanContext();
    if (context === undefined || (context.traceFlags & TraceFlags.SAMPLED) === 0) return previous;
    const timestamp = now() / 1_000;
    // Math.abs, so that a clock that is set back does not keep an exemplar forever.
    if (previous !== undefined && Math.abs(timestamp - previous.timestamp) * 1_000 < intervalMs) return previous;
    if (!isSpanContextValid(context)) return previous;
    return { labels: { trace_id: context.traceId, span_id: context.spanId }, value, timestamp };
  };
}
