import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { messageOf } from '@vmobs/settings';
import type { CheckedFamily } from './check-family.ts';
import { readChunks } from './chunks.ts';
import { type ExpositionFormat, openMetricsSyntax, type Syntax, textSyntax } from './formats.ts';
import type { Gatherer } from './gatherer.ts';
import { declaredName } from './names.ts';
import { negotiateCoding, negotiateFormat } from './negotiation.ts';
import { FamilyFailure, writePage } from './page.ts';
import { cut, sendBody } from './response-body.ts';
import {
  type AbortCause,
  orAborted,
  readScrapeTimeout,
  ScrapeAbort,
  type ScrapeDeadline,
  startScrapeDeadline,
} from './scrape-deadline.ts';

/** Counts scrapes and their results. */
export interface ScrapeMetrics {
  /** A scrape has begun. @returns a function to call when it has ended, in whatever way */
  begin(): () => void;
  /** A scrape was answered with a status. */
  answered(statusCode: ScrapeStatus): void;
  /** A page was not sent completely. */
  aborted(cause: AbortCause): void;
  /** Something is missing on a page. */
  failed(cause: 'gathering' | 'encoding'): void;
  /** Bytes of a page were written to the connection. */
  sent(bytes: number): void;
  /** A complete page was sent. */
  completed(seriesCount: number): void;
}

/** HTTP statuses of scrapes. */
export type ScrapeStatus = 200 | 405 | 500 | 503;

/** What all scrapes of one handler share. */
export interface ScrapeContext {
  readonly gatherer: Gatherer;
  readonly metrics: ScrapeMetrics;
  /** Called for each failure while a page is written. */
  readonly onError: (error: Error) => void;
  readonly timeoutMs: number;
  readonly sourceTimeoutMs: number;
  readonly stallTimeoutMs: number;
  readonly compression: boolean;
}

const syntaxes: Readonly<Record<ExpositionFormat, Syntax>> = { text: textSyntax, openmetrics: openMetricsSyntax };

/** Answers a scrape. Resolves when the response was sent or abandoned. */
export async function answerScrape(
  request: IncomingMessage,
  response: ServerResponse,
  context: ScrapeContext,
): Promise<void> {
  const { gatherer, metrics, sourceTimeoutMs, stallTimeoutMs } = context;
  const timeoutMs = readScrapeTimeout(request.headers['x-prometheus-scrape-timeout-seconds'], context.timeoutMs);
  const deadline = startScrapeDeadline(response, timeoutMs);
  try {
    // The other half of the time is for writing and sending the page.
    const gathering = gatherer.gather(Math.min(sourceTimeoutMs, timeoutMs / 2));
    const { families, errors } = await orAborted(gathering, deadline.signal);
    if (families.length === 0 && errors.length > 0) {
      const reason = 'no metric could be read; see the log of the service';
      return refuse(response, { statusCode: 500, reason, metrics });
    }
    deadline.limitStalls(stallTimeoutMs);
    await sendPage(families, { request, response, context, deadline });
    metrics.answered(200);
  } catch (error) {
    abandon(response, error, context);
  } finally {
    deadline.close();
  }
}

/** Ends a scrape without its page, in a way that the scraper can recognize. */
function abandon(response: ServerResponse, error: unknown, { metrics, onError }: ScrapeContext): void {
  const cause = error instanceof ScrapeAbort ? error.abortCause : 'failed';
  metrics.aborted(cause);
  if (cause === 'failed') onError(error instanceof Error ? error : new Error(String(error)));
  if (response.headersSent) {
    metrics.answered(200);
    cut(response);
  } else if (cause === 'failed') {
    refuse(response, { statusCode: 500, reason: 'internal error; see the log of the service', metrics });
  } else if (cause !== 'disconnected') {
    refuse(response, { statusCode: 503, reason: messageOf(error), metrics });
  }
}

/** Answers a scrape with an error instead of a page. */
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
  readonly deadline: ScrapeDeadline;
}

async function sendPage(gathered: readonly CheckedFamily[], sending: Sending): Promise<void> {
  const { request, response, deadline, context } = sending;
  const { metrics, onError, compression } = context;
  const { format, contentType } = negotiateFormat(request.headers.accept);
  const { coding, isIdentityRefused } = negotiateCoding(request.headers['accept-encoding']);
  const names = requestedNames(request);
  const isHead = request.method === 'HEAD';
  let families = gathered.filter((family) => isRequested(family, names));
  for (;;) {
    const page = writePage(families, { syntax: syntaxes[format], onError });
    const chunks = readChunks(page.pieces);
    try {
      await sendBody(chunks, {
        response,
        headers: { 'content-type': contentType, vary: 'Accept, Accept-Encoding' },
        coding: compression ? coding : undefined,
        isIdentityRefused,
        isHead,
        deadline,
        onBytes: metrics.sent,
      });
      if (!isHead && names.size === 0) metrics.completed(page.seriesCount);
      return;
    } catch (error) {
      // Nothing was sent yet, so the page can be written again without the family.
      if (!(error instanceof FamilyFailure) || response.headersSent) throw error;
      onError(error);
      families = families.filter((family) => family !== error.family);
    } finally {
      chunks.close();
    }
  }
}

/** The values of the query parameter `name[]`, which Prometheus and promhttp use to select metrics. */
function requestedNames({ url = '' }: IncomingMessage): ReadonlySet<string> {
  const query = url.indexOf('?');
  return new Set(query === -1 ? [] : new URLSearchParams(url.slice(query)).getAll('name[]'));
}

function isRequested(family: CheckedFamily, names: ReadonlySet<string>): boolean {
  return names.size === 0 || names.has(family.name) || names.has(declaredName(family));
}
