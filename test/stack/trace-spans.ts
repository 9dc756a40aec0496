import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@vmobs/testing';
import { readWrittenLines } from './log-lines.ts';
import type { RunningStack } from './running-stack.ts';

/** A span of which the log of its service tells. */
export interface LoggedSpan {
  readonly spanId: string;
  readonly traceId: string;
  /** When the line was written, in milliseconds: for the span of a request, when it ended. */
  readonly time: number;
}

/**
 * The spans that both services have ended, by their logs: every request and every RPC writes a line in its span when it
 * ends. Of spans with several lines, the last one counts.
 */
export async function readLoggedSpans(running: RunningStack): Promise<LoggedSpan[]> {
  const lines = [...(await readWrittenLines(running, 'metald')), ...(await readWrittenLines(running, 'billaged'))];
  const spans = new Map<string, LoggedSpan>();
  for (const line of lines) {
    const { span_id: spanId, trace_id: traceId, timestamp } = JSON.parse(line) as Record<string, string | undefined>;
    if (spanId === undefined || traceId === undefined || timestamp === undefined) continue;
    spans.set(spanId, { spanId, traceId, time: Date.parse(timestamp) });
  }
  return [...spans.values()];
}

interface JaegerAnswer {
  readonly data: readonly JaegerTrace[] | null;
  readonly errors?: unknown;
}

interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly { readonly spanID: string }[];
}

/** As many as Jaeger keeps, which is the most that it can be asked for. */
const mostTraces = 8_000;

/** The ids of all spans of both services that Jaeger has; a span that it has twice is there twice. */
export async function readStoredSpanIds(running: RunningStack): Promise<string[]> {
  const byTrace = new Map<string, readonly string[]>();
  for (const service of ['metald', 'billaged']) {
    const range = `start=${running.startedAt * 1_000}&end=${(Date.now() + 60_000) * 1_000}`;
    const path = `/api/traces?service=${service}&${range}&limit=${mostTraces}`;
    const { data, errors } = await running.ask<JaegerAnswer>('jaeger', path);
    if (data === null) throw new Error(`Jaeger did not answer: ${JSON.stringify(errors)}`);
    for (const { traceID, spans } of data)
      byTrace.set(
        traceID,
        spans.map(({ spanID }) => spanID),
      );
  }
  return [...byTrace.values()].flat();
}

/** Waits until these spans are in Jaeger. */
export async function untilJaegerHas(running: RunningStack, spans: readonly LoggedSpan[]): Promise<void> {
  const findMissing = async () => {
    // Spans take a moment, and to read them all takes work.
    await sleep(300);
    const stored = new Set(await readStoredSpanIds(running));
    return spans.filter(({ spanId }) => !stored.has(spanId));
  };
  await eventually(findMissing, ({ length }) => length === 0);
}

/** The spans of the logs that Jaeger does not have. */
export async function findLostSpans(running: RunningStack): Promise<LoggedSpan[]> {
  const logged = await readLoggedSpans(running);
  const stored = new Set(await readStoredSpanIds(running));
  return logged.filter(({ spanId }) => !stored.has(spanId));
}
