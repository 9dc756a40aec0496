import { once } from 'node:events';
import { createServer } from 'node:http';
import {
  createCatalogue,
  createMetricsHandler,
  defineScrapeMetrics,
  type Families,
  type FamilySource,
} from '@vmobs/telemetry/exposition';

/** A port that serves whatever families it is given, and nothing else. */
export interface FamilyServer {
  readonly port: number;
  families: Families;
  /** What was left out since the last look. */
  takeErrors(): readonly Error[];
  /** The page in the format of an `Accept` header. */
  scrape(accept: string): Promise<string>;
  close(): Promise<void>;
}

/** Serves families, and those of other sources, on a port; 0 takes a free one. */
export async function serveFamilies({
  port = 0,
  others = [],
}: {
  readonly port?: number;
  readonly others?: readonly FamilySource[];
} = {}): Promise<FamilyServer> {
  const errors: Error[] = [];
  const handler = createMetricsHandler({
    sources: [() => families.families, ...others],
    onError: (error) => errors.push(error),
    scrapeMetrics: defineScrapeMetrics(createCatalogue()),
  });
  const server = createServer(handler).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no port');
  const families: FamilyServer = {
    port: address.port,
    families: [],
    takeErrors: () => errors.splice(0),
    async scrape(accept) {
      const response = await fetch(`http://127.0.0.1:${address.port}/metrics`, { headers: { accept } });
      if (response.status !== 200) throw new Error(`the page was answered ${response.status}`);
      return response.text();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return families;
}
