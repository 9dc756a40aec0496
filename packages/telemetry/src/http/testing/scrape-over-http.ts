import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createMetricsHandler, type MetricsHandlerOptions } from '../metrics-handler.ts';

/** A handler on a port, for tests, and the errors that it reported. */
export interface ServedHandler {
  readonly port: number;
  readonly errors: Error[];
  close(): Promise<void>;
}

/** An answer as it came, still compressed. */
export interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Serves a handler on a free port. */
export async function serveHandler(options: Omit<MetricsHandlerOptions, 'onError'>): Promise<ServedHandler> {
  const errors: Error[] = [];
  const server = createServer(createMetricsHandler({ ...options, onError: (error) => errors.push(error) }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no port');
  return {
    port: address.port,
    errors,
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

/** Scrapes on a connection of its own. @throws Error when the answer was cut */
export async function scrape(
  { port }: ServedHandler,
  options: {
    readonly path?: string;
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<RawAnswer> {
  const { path = '/metrics', method = 'GET', headers = {} } = options;
  const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }).end();
  const [response] = await once(asked, 'response');
  // The response rejects with the same error.
  asked.on('error', () => undefined);
  const chunks: Buffer[] = await Array.fromAsync(response);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
}

/** Begins a scrape, and leaves the reading to the test. */
export async function beginScrape({ port }: ServedHandler, headers = '', version = '1.1'): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  // A connection that is cut is what these tests are about.
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(`GET /metrics HTTP/${version}\r\nhost: localhost\r\n${headers}\r\n`);
  return socket;
}

/** Reads one series of the metrics that a handler serves of itself. */
export async function readSelfMetric(handler: ServedHandler, series: string): Promise<number> {
  const { body } = await scrape(handler, { path: `/metrics?name[]=${series.replace(/\{.*$/, '')}` });
  const line = body
    .toString()
    .split('\n')
    .find((candidate) => candidate.startsWith(`${series} `));
  if (line === undefined) throw new Error(`there is no series ${series} on the page:\n${body}`);
  return Number(line.slice(series.length + 1));
}
