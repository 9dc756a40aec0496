import { longestId, problemOfId } from '@vmobs/wire/billable';

/** A request of `GET /v1/usage`. */
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

/** The request is not valid. The message says what is wrong, what is allowed, and what to change. */
export class UsageRequestError extends Error {
  override readonly name = 'UsageRequestError';
}

/** Default and maximum number of VMs on a page. */
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
    if (!names.includes(name))
      throw new UsageRequestError(`unknown parameter ${name}; allowed are ${names.join(', ')}`);
  }
  const customerId = readId('customer_id', parameters);
  const vmId = readId('vm_id', parameters);
  const fromSeconds = readTime('from', parameters);
  const toSeconds = readTime('to', parameters);
  if (fromSeconds !== undefined && toSeconds !== undefined && fromSeconds >= toSeconds) {
    throw new UsageRequestError('from must be before to; the period includes from and excludes to');
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
  throw new UsageRequestError(`${name} is given more than once`);
}

function readId(name: string, parameters: ReadonlyMap<string, string>): string | undefined {
  const id = parameters.get(name);
  if (id === undefined) return undefined;
  if (id !== '' && problemOfId(name, id) === undefined) return id;
  throw new UsageRequestError(`invalid ${name}: an id has 1 to ${longestId} characters; omit it to get all`);
}

/** Reads an ISO 8601 time with an offset, or a date, which means midnight UTC. */
function readTime(name: string, parameters: ReadonlyMap<string, string>): number | undefined {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const seconds = isTime ? Date.parse(text) / 1_000 : Number.NaN;
  if (Number.isNaN(seconds) || seconds < 0 || !isCalendarDate(text)) {
    const hint = text.includes(' ') ? '; in a URL, write + as %2B' : '';
    throw new UsageRequestError(
      `invalid ${name} "${text}": a time since 1970, such as 2026-01-31, 2026-01-31T13:00:00Z or 2026-01-31T13:00:00+01:00${hint}`,
    );
  }
  if (!Number.isInteger(seconds)) {
    throw new UsageRequestError(`invalid ${name} "${text}": only whole seconds are supported`);
  }
  return seconds;
}

/** `Date.parse` reads the 31st of February as the 3rd of March. */
function isCalendarDate(text: string): boolean {
  const date = text.slice(0, 10);
  return new Date(`${date}T00:00:00Z`).toISOString().startsWith(date);
}

function readPageSize(text: string | undefined): number {
  if (text === undefined) return defaultPageSize;
  const size = /^\d+$/.test(text) ? Number(text) : 0;
  if (size >= 1 && size <= largestPageSize) return size;
  throw new UsageRequestError(`invalid page_size "${text}": an integer from 1 to ${largestPageSize}`);
}

function readPageToken(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  const token = Buffer.from(text, 'base64url').toString();
  if (Buffer.from(token).toString('base64url') === text) return token;
  throw new UsageRequestError('unknown page_token; use the next_page_token of the previous page');
}

/** Encodes the start of the next page as an opaque token that fits in a URL. */
export function writePageToken(next: string): string {
  return Buffer.from(next).toString('base64url');
}

function readFormat(text: string | undefined, accept: string): UsageFormat {
  if (text === 'json' || text === 'csv') return text;
  if (text !== undefined) throw new UsageRequestError(`invalid format "${text}": json or csv`);
  return /\btext\/csv\b/i.test(accept) && !/\bapplication\/json\b/i.test(accept) ? 'csv' : 'json';
}
