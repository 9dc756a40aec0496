import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { addressesOf, listenOnFurtherAddresses } from './all-addresses.ts';
import { watchConnections } from './connections.ts';
import type { Health } from './health.ts';
import { answerHealth, sendJson } from './health-endpoints.ts';
import { createHostGuard } from './host-guard.ts';
import { ListenError, type ListenOptions, urlOf } from './listen.ts';
import type { MetricsHandler } from './metrics-handler.ts';

/** How long a running scrape may take to end when the port closes, in milliseconds. */
const closeTimeoutMs = 500;

/** A server of `/metrics`, `/health` and `/ready`. */
export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Opens the metrics port.
 *
 * @throws ListenError when the port cannot be opened.
 */
export async function startMetricsServer(options: {
  readonly listen: ListenOptions & { readonly host: string };
  readonly metrics: MetricsHandler;
  readonly health: Health;
  /** More names of this host, as in `createHostGuard`. @default none */
  readonly allowedHosts?: readonly string[];
  readonly onError: (error: Error) => void;
}): Promise<MetricsServer> {
  const { listen, metrics, health, onError } = options;
  const refuse = createHostGuard(options.allowedHosts);
  const limits = { requestTimeout: 10_000, maxHeaderSize: 16_384, connectionsCheckingInterval: 1_000 };
  const server = createServer(limits, (request, response) => {
    route(request, response).catch((error: unknown) => {
      onError(new Error('a request to the metrics port failed', { cause: error }));
      if (!response.headersSent) sendJson(response, 500, { error: 'internal error; see the log of the service' });
      else response.destroy();
    });
  });

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reason = refuse(request);
    if (reason !== undefined) return sendJson(response, 403, { error: reason });
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return sendJson(response, 405, { error: `${request.method} is not allowed; GET and HEAD are` });
    }
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    if (path === '/metrics') return metrics(request, response);
    if (await answerHealth(health, path, response)) return;
    sendJson(response, 404, { error: 'not found; there are /metrics, /health and /ready' });
  }

  const connections = watchConnections(server);
  try {
    const [first, ...others] = await addressesOf(listen.host);
    // The workers of a cluster would share the port: each scrape would meet another one, and every counter would jump.
    server.listen({ host: first, port: listen.port, exclusive: true });
    await once(server, 'listening');
    await listenOnFurtherAddresses(server, others);
  } catch (error) {
    server.close();
    throw new ListenError(cluster.isWorker ? forEachWorker(listen) : listen, error);
  }
  return {
    url: urlOf(server.address()),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      connections.drain();
      connections.closeIdle();
      const deadline = setTimeout(connections.closeAll, closeTimeoutMs);
      await closed;
      clearTimeout(deadline);
    },
  };
}

function forEachWorker<Listen extends ListenOptions>(listen: Listen): Listen {
  const { portSetting = 'the option metricsPort' } = listen;
  return { ...listen, portSetting: `${portSetting}, one for each worker of the cluster` };
}
