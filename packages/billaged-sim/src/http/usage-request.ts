import { longestId } from '../rpc/ids.ts';

/** What `GET /v1/usage` was asked. */
export interface UsageRequest {
  readonly customerId: string | undefined;
  readonly vmId: string | undefined;
  /** Begin and end of the period in whole Unix seconds, the end not included. */
  readonly fromSeconds: number | undefined;
  readonly toSeconds: number | undefined;
  readonly pageSize: number;
  readonly pageToken: string | undefined;
  readonly format: UsageFormat;
}

/** How usage is written. */
export type UsageFormat = 'json' | 'csv';

/** Says what is wrong with a request, what is allowed, and what to change. */
export class UsageRequestError extends Error {
  override readonly name = 'UsageRequestError';
}

/** VMs on a page unless the request says otherwise, and the most that it may ask for. */
const defaultPageSize = 1_000;
const largestPageSize = 10_000;

const names = ['customer_id', 'vm_id', 'from', 'to', 'page_size', 'page_token', 'format'];

/**
 * Reads the query of `GET /v1/usage`.
 *
 * @param query as Fastify gives it
 * @param accept the header, which chooses the format unless the query does
 * @throws UsageRequestError
 */
export function readUsageRequest(query: unknown, accept = ''): UsageRequest {
  const parameters = new Map(Object.entries(query ?? {}).map(([name, value]) => [name, singleValue(name, value)]));
  for (const name of parameters.keys()) {
    if (!names.includes(name)) throw new UsageRequestError(`there is no ${name}; there is ${names.join(', ')}`);
  }
  const customerId = readId('customer_id', parameters);
  const vmId = readId('vm_id', parameters);
  const fromSeconds = readTime('from', parameters);
  const toSeconds = readTime('to', parameters);
  if (fromSeconds !== undefined && toSeconds !== undefined && fromSeconds >= toSeconds) {
    throw new UsageRequestError('from is not before to; the period begins with from and ends before to');
  }
  return {
    customerId,
    vmId,
    fromSeconds,
    toSeconds,
    pageSize: readPageSize(parameters.get('page_size')),
    pageToken: readPageToken(parameters.get('page_token')),
    format: readFormat(parameters.get('format'), accept),
  };
}

function singleValue(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new UsageRequestError(`${name} is given more than once; give it once`);
}

function readId(name: string, parameters: ReadonlyMap<string, string>): string | undefined {
  const id = parameters.get(name);
  if (id === undefined) return undefined;
  if (id.length >= 1 && id.length <= longestId && !/\p{Cc}/u.test(id)) return id;
  throw new UsageRequestError(`${name} is not an id: 1 to ${longestId} characters; leave it out to ask for all`);
}

/** A time of ISO 8601 with an offset, or a date, which is midnight UTC. */
function readTime(name: string, parameters: ReadonlyMap<string, string>): number | undefined {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const seconds = isTime ? Date.parse(text) / 1_000 : Number.NaN;
  if (Number.isNaN(seconds) || seconds < 0 || !isCalendarDate(text)) {
    const hint = text.includes(' ') ? '; a + in a URL is written %2B' : '';
    throw new UsageRequestError(
      `${name} is no time since 1970: "${text}"; write 2026-01-31, 2026-01-31T13:00:00Z or 2026-01-31T13:00:00+01:00${hint}`,
    );
  }
  if (!Number.isInteger(seconds)) {
    throw new UsageRequestError(`${name} is not on a whole second: "${text}"; leave the fraction out`);
  }
  return seconds;
}

/** `Date.parse` takes the 31st of February for the 3rd of March. */
function isCalendarDate(text: string): boolean {
  const date = text.slice(0, 10);
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}

function readPageSize(text: string | undefined): number {
  if (text === undefined) return defaultPageSize;
  const size = /^\d+$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= largestPageSize) return size;
  throw new UsageRequestError(`page_size is "${text}"; it is a whole number from 1 to ${largestPageSize}`);
}

function readPageToken(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const token = Buffer.from(text, 'base64url').toString();
  if (Buffer.from(token).toString('base64url') === text) return token;
  throw new UsageRequestError('page_token is none of ours; take the next_page_token of the page before');
}

/** Writes where the next page begins so that it fits in a URL and nobody takes it apart. */
export function writePageToken(next: string): string {
  return Buffer.from(next).toString('base64url');
}

function readFormat(text: string | undefined, accept: string): UsageFormat {
  if (text === 'json' || text === 'csv') return text;
  if (text !== undefined) throw new UsageRequestError(`format is "${text}"; it is json or csv`);
  return /\btext\/csv\b/i.test(accept) && !/\bapplication\/json\b/i.test(accept) ? 'csv' : 'json';
}
