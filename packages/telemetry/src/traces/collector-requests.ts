import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';

/*
 * The exporter of the SDK retries by itself and tells only how it ended. What each request to the collector came to is
 * read from Node's own channels of HTTP clients; a store that only follows the export tells whose request it is.
 */

/** The requests of one export, which are retries from the second on. */
export interface CollectorRequests {
  count: number;
  /** Status of the last one; `undefined` when it got no answer. */
  status: number | undefined;
  /** Whether the last one was given up because no answer came in time. */
  timedOut: boolean;
  /** Spans that the collector says it has not taken although it took the request. */
  rejectedSpans: number;
  /** What it says about them. */
  rejectedBecause: string;
}

/** Watches the requests of exports. */
export interface CollectorWatch {
  /** Runs an export; what it requests is noted in the record that it is given. */
  follow(start: (requests: CollectorRequests) => void): void;
  /** Ends the requests that are open, and every later one, at once. */
  abandon(): void;
  /** Stops watching. */
  close(): void;
}

/** The answer of a collector is a few bytes; what is longer is not read for rejected spans. */
const largestAnswerBytes = 64 * 1024;

/** Starts watching. @param onRetry is told of each request that repeats one that failed */
export function watchCollectorRequests(onRetry: () => void): CollectorWatch {
  const current = new AsyncLocalStorage<CollectorRequests>();
  const followed = new WeakMap<ClientRequest, CollectorRequests>();
  const open = new Set<ClientRequest>();
  let isAbandoned = false;

  const onCreated = (message: unknown) => {
    const requests = current.getStore();
    if (requests === undefined) return;
    // Node documents what this channel carries.
    const { request } = message as { request: ClientRequest };
    if (requests.count > 0) onRetry();
    Object.assign(requests, { count: requests.count + 1, status: undefined, timedOut: false });
    followed.set(request, requests);
    open.add(request);
    request.once('close', () => open.delete(request));
    request.once('timeout', () => {
      requests.timedOut = true;
    });
    if (isAbandoned) giveUp(request);
  };
  const onAnswer = (message: unknown) => {
    // Node documents what this channel carries.
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
      for (const request of open) giveUp(request);
    },
    close() {
      unsubscribe('http.client.request.created', onCreated);
      unsubscribe('http.client.response.finish', onAnswer);
    },
  };
}

/** Ends a request with an error that the exporter does not take for a reason to try again. */
function giveUp(request: ClientRequest): void {
  request.destroy(new Error('telemetry is closed'));
}

/** Listens to an answer beside the exporter, and before it, so that the record is complete when the exporter reports. */
function readRejections(response: IncomingMessage, requests: CollectorRequests): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= largestAnswerBytes) chunks.push(chunk);
  });
  response.on('end', () => {
    const partialSuccess =
      bytes > largestAnswerBytes ? undefined : parsePartialSuccess(Buffer.concat(chunks).toString());
    // int64 is a string in the JSON of protobuf; the collector sends it either way.
    requests.rejectedSpans = Number(partialSuccess?.rejectedSpans ?? 0) || 0;
    requests.rejectedBecause = partialSuccess?.errorMessage ?? '';
  });
}

function parsePartialSuccess(answer: string): { rejectedSpans?: string | number; errorMessage?: string } | undefined {
  try {
    return JSON.parse(answer)?.partialSuccess;
  } catch {
    // A collector may answer with nothing, or with a page of a proxy; neither rejects spans.
    return undefined;
  }
}
