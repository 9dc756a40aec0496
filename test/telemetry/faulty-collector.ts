import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** What the collector has been sent. */
export interface ReceivedExport {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly spans: number;
}

/** A collector whose answers a test chooses. */
export interface FaultyCollector {
  readonly port: number;
  /** Every request, answered or not. */
  readonly exports: readonly ReceivedExport[];
  /** How it answers from now on. */
  answer: (response: ServerResponse, received: ReceivedExport) => void;
  close(): Promise<void>;
}

/** Takes everything. */
export function take(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
}

/** Says this status, with these headers. */
export function say(status: number, headers: Record<string, string> = {}) {
  return (response: ServerResponse) => void response.writeHead(status, headers).end();
}

/** Opens a collector for the length of one test; it takes everything until it is told otherwise. */
export async function openCollector(port = 0): Promise<FaultyCollector> {
  const exports: ReceivedExport[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body).toString() : body.toString();
    const received = { path: request.url, headers: request.headers, spans: countSpans(JSON.parse(text)) };
    exports.push(received);
    collector.answer(response, received);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('listens on no port');
  const collector: FaultyCollector = {
    port: address.port,
    exports,
    answer: take,
    async close() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  onTestFinished(() => collector.close());
  return collector;
}

/** A port that nothing listens on. */
export async function refusingPort(): Promise<number> {
  const collector = await openCollector();
  await collector.close();
  return collector.port;
}

/** What `POST /v1/traces` carries in JSON, as far as it is counted. @see https://opentelemetry.io/docs/specs/otlp/ */
interface ExportRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly unknown[] }[] }[];
}

function countSpans({ resourceSpans }: ExportRequest): number {
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)).length;
}
