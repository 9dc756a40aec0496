import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FamilySource } from './family.ts';
import { gather } from './gather.ts';
import { contentTypes, negotiateFormat } from './negotiation.ts';
import { writeOpenMetrics } from './openmetrics.ts';
import { writeText } from './text.ts';

/** Options of `createMetricsHandler`. */
export interface MetricsHandlerOptions {
  readonly sources: readonly FamilySource[];
  /** Is told of every source that failed; the page is served without its families. */
  readonly onError: (error: Error) => void;
}

/** Answers one request for `/metrics`. */
export type MetricsHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Makes the handler of `/metrics`: text or OpenMetrics, as the scraper asks. */
export function createMetricsHandler({ sources, onError }: MetricsHandlerOptions): MetricsHandler {
  return async (request, response) => {
    const format = negotiateFormat(request.headers.accept);
    const { families, errors } = await gather(sources);
    for (const error of errors) onError(error);
    const page = Buffer.from(format === 'openmetrics' ? writeOpenMetrics(families) : writeText(families));
    response.writeHead(200, {
      'content-type': contentTypes[format],
      'content-length': page.byteLength,
      vary: 'Accept',
    });
    response.end(request.method === 'HEAD' ? undefined : page);
  };
}
