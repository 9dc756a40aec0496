import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type CheckedFamily, reasonOf } from './check-family.ts';
import { readChunks } from './chunks.ts';
import { negotiateCoding } from './content-coding.ts';
import { cut, deliver } from './deliver.ts';
import type { Gatherer } from './gather.ts';
import { type ExpositionFormat, negotiateFormat } from './negotiation.ts';
import { openMetricsSyntax } from './openmetrics.ts';
import { FamilyFailure, type Syntax, writePage } from './page.ts';
import { orAborted, ScrapeAbort, type ScrapeEnd, watchScrape } from './scrape-end.ts';
import type { ScrapeMetrics, ScrapeStatus } from './scrape-metrics.ts';
import { readScrapeTimeout } from './scrape-timeout.ts';
import { declaredName } from './series-line.ts';
import { textSyntax } from './text.ts';

/** What the scrapes of one handler have in common. */
export interface ScrapeContext {
  readonly gatherer: Gatherer;
  readonly metrics: ScrapeMetrics;
  /** Is told of what failed while a page was written. */
  readonly onError: (error: Error) => void;
  readonly timeoutMs: number;
  readonly sourceTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly compression: boolean;
}

const syntaxes: Readonly<Record<ExpositionFormat, Syntax>> = { text: textSyntax, openmetrics: openMetricsSyntax };

/** Answers a scrape, and resolves when the answer has left or was given up. */
export async function answerScrape(
  request: IncomingMessage,
  response: ServerResponse,
  context: ScrapeContext,
): Promise<void> {
  const { gatherer, metrics, sourceTimeoutMs, stallTimeoutMs } = context;
  const timeoutMs = readScrapeTimeout(request.headers['x-prometheus-scrape-timeout-seconds'], context.timeoutMs);
  const end = watchScrape(response, timeoutMs);
  try {
    // The other half of the time is for writing and sending what did answer.
    const gathering = gatherer.gather(Math.min(sourceTimeoutMs, timeoutMs / 2));
    const { families, errors } = await orAborted(gathering, end.signal);
    if (families.length === 0 && errors.length > 0) {
      const reason = 'no metric could be read; the log of the service says why';
      return refuse(response, { statusCode: 500, reason, metrics });
    }
    end.expectReading(stallTimeoutMs);
    await sendPage(families, { request, response, context, end });
    metrics.answered(200);
  } catch (error) {
    giveUp(response, error, context);
  } finally {
    end.close();
  }
}

/** Ends a scrape that did not get its page, so that the scraper can tell. */
function giveUp(response: ServerResponse, error: unknown, { metrics, onError }: ScrapeContext): void {
  const cause = error instanceof ScrapeAbort ? error.abortCause : 'failed';
  metrics.aborted(cause);
  if (cause === 'failed') onError(error instanceof Error ? error : new Error(String(error)));
  if (response.headersSent) {
    metrics.answered(200);
    cut(response);
  } else if (cause === 'failed') {
    refuse(response, { statusCode: 500, reason: 'internal error; the log of the service says more', metrics });
  } else if (cause !== 'disconnected') {
    refuse(response, { statusCode: 503, reason: reasonOf(error), metrics });
  }
}

/** Answers a scrape that gets no page. */
export function refuse(
  response: ServerResponse,
  options: {
    readonly statusCode: ScrapeStatus;
    readonly reason: string;
    readonly headers?: OutgoingHttpHeaders;
    readonly metrics: ScrapeMetrics;
  },
): void {
  const { statusCode, reason, headers, metrics } = options;
  metrics.answered(statusCode);
  const body = `${reason}\n`;
  response.writeHead(statusCode, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

interface Sending {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: ScrapeContext;
  readonly end: ScrapeEnd;
}

async function sendPage(gathered: readonly CheckedFamily[], sending: Sending): Promise<void> {
  const { request, response, end, context } = sending;
  const { metrics, onError, compression } = context;
  const { format, contentType } = negotiateFormat(request.headers.accept);
  const { coding, isIdentityRefused } = negotiateCoding(request.headers['accept-encoding']);
  const names = namesAskedFor(request);
  const isHead = request.method === 'HEAD';
  let families = gathered.filter((family) => isAskedFor(family, names));
  for (;;) {
    const page = writePage(families, { syntax: syntaxes[format], onError });
    const chunks = readChunks(page.pieces);
    try {
      await deliver(chunks, {
        response,
        headers: { 'content-type': contentType, vary: 'Accept, Accept-Encoding' },
        coding: compression ? coding : undefined,
        isIdentityRefused,
        isHead,
        end,
        onBytes: metrics.sent,
      });
      if (!isHead && names.size === 0) metrics.completed(page.seriesCount);
      return;
    } catch (error) {
      // A page of which nothing was sent can be written without the family.
      if (!(error instanceof FamilyFailure) || response.headersSent) throw error;
      onError(error);
      families = families.filter((family) => family !== error.family);
    } finally {
      chunks.close();
    }
  }
}

/** The values of the query parameter `name[]`, as Prometheus servers and promhttp know it. */
function namesAskedFor({ url = '' }: IncomingMessage): ReadonlySet<string> {
  const query = url.indexOf('?');
  return new Set(query === -1 ? [] : new URLSearchParams(url.slice(query)).getAll('name[]'));
}

function isAskedFor(family: CheckedFamily, names: ReadonlySet<string>): boolean {
  return names.size === 0 || names.has(family.name) || names.has(declaredName(family));
}
