import type { FastifyInstance } from 'fastify';
import { LedgerUnavailableError, type UsageLedger } from '../ledger/ledger.ts';
import { retryAfter } from '../ledger-errors.ts';
import type { BillagedMetrics } from '../metrics.ts';
import { readUsageRequest, UsageRequestError, writePageToken } from './usage-request.ts';
import { csvLine, type UsageRow, usageColumns, usageRow } from './usage-row.ts';

/** Body of `GET /v1/usage` in JSON. */
export interface UsageAnswer {
  readonly usage: readonly UsageRow[];
  /** The `page_token` of the next request; empty on the last page. */
  readonly next_page_token: string;
}

/** Body of an error. */
export interface UsageFailure {
  readonly code: 'invalid_argument' | 'unavailable' | 'internal';
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
 */
export function addUsageRoute(
  app: FastifyInstance,
  {
    ledger,
    metrics,
  }: { readonly ledger: Pick<UsageLedger, 'usage'>; readonly metrics: Pick<BillagedMetrics, 'errors'> },
): void {
  app.route({
    method: 'GET',
    url: '/v1/usage',
    errorHandler: (error, _request, reply) => {
      const failure = failureOf(error);
      if (failure.code !== 'invalid_argument') metrics.errors.inc({ component: 'ledger' });
      if (failure.code === 'unavailable') reply.headers(retryAfter());
      return reply.code(statuses[failure.code]).send(failure);
    },
    async handler({ query, headers }, reply) {
      const { pageSize, pageToken, format, ...what } = readUsageRequest(query, headers.accept);
      const page = await ledger.usage({ ...what, after: pageToken, limit: pageSize });
      const rows = page.rows.map(usageRow);
      const nextPageToken = page.next === undefined ? '' : writePageToken(page.next);
      reply.headers({ 'cache-control': 'no-store', vary: 'Accept' });
      if (format === 'json') return { usage: rows, next_page_token: nextPageToken } satisfies UsageAnswer;
      if (nextPageToken !== '') reply.header('next-page-token', nextPageToken);
      const lines = rows.map((row) => csvLine(usageColumns.map((name) => row[name])));
      return reply.type('text/csv; charset=utf-8; header=present').send(csvLine(usageColumns) + lines.join(''));
    },
  });
}

const statuses = { invalid_argument: 400, unavailable: 503, internal: 500 } as const;

function failureOf(error: unknown): UsageFailure {
  if (error instanceof UsageRequestError) return { code: 'invalid_argument', message: error.message };
  if (error instanceof LedgerUnavailableError) {
    return { code: 'unavailable', message: `the ledger is unavailable: ${error.message}` };
  }
  return { code: 'internal', message: 'the ledger failed' };
}
