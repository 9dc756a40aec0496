import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { LedgerUnavailableError, type PeriodUsage, type UsageLedger } from '../ledger/ledger.ts';
import { retryAfter } from '../ledger-errors.ts';
import type { BillagedMetrics } from '../metrics.ts';
import { readUsageRequest, UsageRequestError, writePageToken } from './usage-request.ts';
import { csvLine, usageColumns, usageRow } from './usage-row.ts';

/** Body of an error. */
export interface UsageFailure {
  readonly code: 'invalid_argument' | 'resource_exhausted' | 'unavailable' | 'internal';
  readonly message: string;
}

/**
 * Adds `GET /v1/usage`: what VMs used in a period, a row for each VM and customer, ordered by both, in pages.
 *
 * - `customer_id`, `vm_id`: whose usage; omitted, that of all
 * - `from`, `to`: ISO 8601, to the second; `to` is excluded; omitted, from the beginning and until now. Bounds on whole
 *   quarters of an hour are exact; the usage of a segment that another bound cuts is divided in proportion to time (`interpolated`)
 * - `page_size`: VMs on a page, 1000 by default, at most 10000
 * - `page_token`: the previous `next_page_token` or, with CSV, the header `Next-Page-Token`
 * - `format`: `json` or `csv`; without it, `Accept: text/csv` asks for CSV
 *
 * At most `mostQueries` are answered at a time, until their clients have read them; others are told to try again.
 */
export function addUsageRoute(
  app: FastifyInstance,
  {
    ledger,
    metrics,
  }: { readonly ledger: Pick<UsageLedger, 'usage'>; readonly metrics: Pick<BillagedMetrics, 'errors'> },
): void {
  let running = 0;
  app.route({
    method: 'GET',
    url: '/v1/usage',
    errorHandler: (error, _request, reply) => {
      const failure = failureOf(error);
      if (!isOfClient(failure)) metrics.errors.inc({ component: 'ledger' });
      if (failure.code === 'unavailable' || failure.code === 'resource_exhausted') reply.headers(retryAfter());
      return reply.code(statuses[failure.code]).send(failure);
    },
    async handler({ query, headers }, reply) {
      const { pageSize, pageToken, format, ...what } = readUsageRequest(query, headers.accept);
      if (running >= mostQueries) throw new TooManyQueriesError();
      running += 1;
      reply.raw.once('close', () => {
        running -= 1;
      });
      const page = await ledger.usage({ ...what, after: pageToken, limit: pageSize });
      const nextPageToken = page.next === undefined ? '' : writePageToken(page.next);
      reply.headers({ 'cache-control': 'no-store', vary: 'Accept' });
      if (format === 'json') {
        reply.type('application/json; charset=utf-8');
        return reply.send(Readable.from(jsonPieces(page.rows, nextPageToken)));
      }
      if (nextPageToken !== '') reply.header('next-page-token', nextPageToken);
      return reply.type('text/csv; charset=utf-8; header=present').send(Readable.from(csvPieces(page.rows)));
    },
  });
}

/** Maximum number of queries at a time. A page of 10,000 VMs takes 5 MB until it is sent. */
export const mostQueries = 4;

/** Rows of a piece of an answer: about a millisecond of work, and 50 KB that wait for a slow reader. */
const rowsAtOnce = 100;

/**
 * Writes a page in pieces, and lets other requests be served between them: `usage` are the rows, `next_page_token` is the
 * `page_token` of the next request and empty on the last page.
 */
async function* jsonPieces(rows: readonly PeriodUsage[], nextPageToken: string): AsyncGenerator<string> {
  let before = '{"usage":[';
  for (let at = 0; at < rows.length; at += rowsAtOnce) {
    const some = rows.slice(at, at + rowsAtOnce).map((row) => JSON.stringify(usageRow(row)));
    yield before + some.join(',');
    before = ',';
    await setImmediate();
  }
  yield `${rows.length === 0 ? before : ''}],"next_page_token":${JSON.stringify(nextPageToken)}}`;
}

async function* csvPieces(rows: readonly PeriodUsage[]): AsyncGenerator<string> {
  yield csvLine(usageColumns);
  for (let at = 0; at < rows.length; at += rowsAtOnce) {
    const some = rows.slice(at, at + rowsAtOnce).map(usageRow);
    yield some.map((row) => csvLine(usageColumns.map((name) => row[name]))).join('');
    await setImmediate();
  }
}

/** Too many queries are being answered. */
class TooManyQueriesError extends Error {
  override readonly name = 'TooManyQueriesError';
}

const statuses = { invalid_argument: 400, resource_exhausted: 429, unavailable: 503, internal: 500 } as const;

function failureOf(error: unknown): UsageFailure {
  if (error instanceof UsageRequestError) return { code: 'invalid_argument', message: error.message };
  if (error instanceof TooManyQueriesError) {
    const message = `${mostQueries} usage queries are already being answered; try again later`;
    return { code: 'resource_exhausted', message };
  }
  if (error instanceof LedgerUnavailableError) {
    return { code: 'unavailable', message: `the ledger is unavailable: ${error.message}` };
  }
  return { code: 'internal', message: 'the ledger failed' };
}

function isOfClient({ code }: UsageFailure): boolean {
  return code === 'invalid_argument' || code === 'resource_exhausted';
}
