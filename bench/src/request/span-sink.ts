import { once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';

/** The messages of the sink to the program that measures. */
export type SinkMessage = { readonly url: string } | { readonly spans: Readonly<Record<string, number>> };

/** What `POST /v1/traces` carries in JSON, as far as it is counted. */
interface ExportRequest {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly unknown[] }[] }[];
}

/*
 * A collector of traces that only counts spans, by the first part of the path: each server that is measured has one of its
 * own. It sends the counts whenever it is asked.
 */

const spans: Record<string, number> = {};
const server = createServer(async (request, response) => {
  const { resourceSpans } = (await json(request)) as ExportRequest;
  const name = request.url?.split('/')[1] ?? '';
  const received = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  spans[name] = (spans[name] ?? 0) + received.length;
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"partialSuccess":{}}');
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new TypeError('listens on no port');

const send = (message: SinkMessage) => process.send?.(message);
process.on('message', () => send({ spans }));
process.on('disconnect', () => process.exit(0));
send({ url: `http://127.0.0.1:${address.port}` });
