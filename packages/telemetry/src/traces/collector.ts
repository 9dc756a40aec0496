import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Logger } from '../logs/logger.ts';

/*
 * The SDK's exporter retries by itself and reports only the final result. The result of each request to the collector is read
 * from Node's diagnostics channels of HTTP clients; an AsyncLocalStorage store tells which export a request belongs to.
 */

/** The requests of one export, which are retries from the second on. */
export interface CollectorRequests {
  count: number;
  /** Status of the last one; `undefined` when it got no response. */
  status: number | undefined;
  /** Whether the last one timed out. */
  timedOut: boolean;
  /** Spans that the collector rejected although it accepted the request. */
  rejectedSpans: number;
  /** Its reason. */
  rejectedBecause: string;
}

/** Watches the requests of exports. */
export interface CollectorWatch {
  /** Runs an export, whose requests are noted in the record that it gets. */
  follow(start: (requests: CollectorRequests) => void): void;
  /** Ends open requests, and every later one, at once. */
  abandon(): void;
  /** Stops watching. */
  close(): void;
}

/** A collector's response has a few bytes; a longer one is not searched for rejected spans. */
const maxResponseBytes = 64 * 1024;

/** Starts watching. @param onRetry called for each request that repeats a failed one */
export function watchCollectorRequests(onRetry: () => void): CollectorWatch {
  const current = new AsyncLocalStorage<CollectorRequests>();
  const followed = new WeakMap<ClientRequest, CollectorRequests>();
  const open = new Set<ClientRequest>();
  let isAbandoned = false;

  const onCreated = (message: unknown) => {
    const requests = current.getStore();
    if (requests === undefined) return;
    // Node documents the message of this channel.
    const { request } = message as { request: ClientRequest };
    if (requests.count > 0) onRetry();
    Object.assign(requests, { count: requests.count + 1, status: undefined, timedOut: false });
    followed.set(request, requests);
    open.add(request);
    request.once('close', () => open.delete(request));
    request.once('timeout', () => {
      requests.timedOut = true;
    });
    if (isAbandoned) destroy(request);
  };
  const onAnswer = (message: unknown) => {
    // Node documents the message of this channel.
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const requests = followed.get(request);
    if (requests === undefined) return;
    requests.status = response.statusCode;
    if (response.statusCode === 200) readRejections(response, requests);
  };
  subscribe('http.client.request.created', onCreated);
  subscribe('http.client.response.finish', onAnswer);

  return {
    follow(start) {
      const requests = { count: 0, status: undefined, timedOut: false, rejectedSpans: 0, rejectedBecause: '' };
      current.run(requests, start, requests);
    },
    abandon() {
      isAbandoned = true;
      for (const request of open) destroy(request);
    },
    close() {
      unsubscribe('http.client.request.created', onCreated);
      unsubscribe('http.client.response.finish', onAnswer);
    },
  };
}

/** Ends a request with an error that the exporter does not retry. */
function destroy(request: ClientRequest): void {
  request.destroy(new Error('telemetry is closed'));
}

/** Reads a response before the exporter does, so that the record is complete when the exporter reports. */
function readRejections(response: IncomingMessage, requests: CollectorRequests): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxResponseBytes) chunks.push(chunk);
  });
  response.on('end', () => {
    const partialSuccess = bytes > maxResponseBytes ? undefined : parsePartialSuccess(Buffer.concat(chunks).toString());
    // Protobuf's JSON writes int64 as a string; collectors also send numbers.
    requests.rejectedSpans = Number(partialSuccess?.rejectedSpans ?? 0) || 0;
    requests.rejectedBecause = partialSuccess?.errorMessage ?? '';
  });
}

function parsePartialSuccess(answer: string): { rejectedSpans?: string | number; errorMessage?: string } | undefined {
  try {
    return JSON.parse(answer)?.partialSuccess;
  } catch {
    // The response may be empty or a proxy's page; neither rejects spans.
    return undefined;
  }
}

/** Logs whether the collector accepts spans: one line when it stops, one when it recovers. */
export interface CollectorReport {
  /** It accepted an export. */
  took(): void;
  /** An export failed after its retries. */
  failed(spans: number, reason: string): void;
  /** It rejected some spans of an export; only the first time is logged. */
  rejected(spans: number, reason: string): void;
}

/** Makes the report about one collector. */
export function createCollectorReport(logger: Pick<Logger, 'warn' | 'info'>, tracesUrl: string): CollectorReport {
  const { origin, pathname } = new URL(tracesUrl);
  // The address may contain credentials.
  const collector = origin + pathname;
  let lost: number | undefined;
  let hasRejected = false;
  // An export runs in the context of the span that filled the queue; the line belongs to no trace.
  const log = (write: () => void) => context.with(ROOT_CONTEXT, write);

  return {
    took() {
      if (lost === undefined) return;
      const fields = { collector, lost_spans: lost };
      lost = undefined;
      log(() => logger.info(fields, 'the collector accepts spans again'));
    },
    failed(spans, reason) {
      const isFirst = lost === undefined;
      lost = (lost ?? 0) + spans;
      const fields = { collector, reason, lost_spans: spans };
      if (isFirst) log(() => logger.warn(fields, 'the collector does not accept spans; they are lost until it does'));
    },
    rejected(spans, reason) {
      if (hasRejected) return;
      hasRejected = true;
      const fields = { collector, reason, lost_spans: spans };
      log(() => logger.warn(fields, 'the collector rejects some spans; further ones are only counted'));
    },
  };
}
