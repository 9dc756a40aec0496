import type { PeriodUsage, UsagePage, UsageQuery } from './ledger.ts';
import { type Bounds, usageInPeriod } from './period-usage.ts';
import type { UsageSpan } from './usage.ts';

/** Maximum number of VMs on a page if the query does not set a limit. */
const defaultLimit = 1_000;

/** Selects VMs by name: those of a customer, or all. */
export interface NamesQuery {
  readonly customerId: string | undefined;
  /** Names up to this one are skipped. */
  readonly after: string;
  readonly limit: number;
}

/** What `readPage` needs of a driver. */
export interface UsageSource {
  /** The names of the VMs, sorted. */
  names(query: NamesQuery): Promise<readonly string[]>;
  /** The rows of the VMs in a period, VM by VM in the given order. */
  rows(vmIds: readonly string[], bounds: Bounds): AsyncIterable<readonly PeriodUsage[]>;
}

/**
 * Answers a query.
 *
 * @throws RangeError for a bound that is no whole second
 */
export async function readPage(query: UsageQuery, source: UsageSource): Promise<UsagePage> {
  const { customerId, vmId, after = '', limit = defaultLimit } = query;
  const bounds = boundsOf(query);
  // One name more than the page holds tells whether there is a next page.
  const names =
    vmId === undefined
      ? await source.names({ customerId, after, limit: limit + 1 })
      : [vmId].filter((name) => name > after);
  const page = names.slice(0, limit);
  const rows: PeriodUsage[] = [];
  for await (const own of source.rows(page, bounds)) {
    rows.push(...(customerId === undefined ? own : own.filter((row) => row.customerId === customerId)));
  }
  return { rows, next: names.length > limit ? page.at(-1) : undefined };
}

/** The rows of a VM in a period, sorted by customer. `before` is the span before the first one. */
export function rowsOfVm(
  vmId: string,
  before: UsageSpan | undefined,
  spans: Iterable<UsageSpan>,
  bounds: Bounds,
): PeriodUsage[] {
  return usageInPeriod(before, spans, bounds)
    .sort((a, b) => (a.customerId < b.customerId ? -1 : 1))
    .map((usage) => ({ vmId, ...usage }));
}

function boundsOf({ fromSeconds, toSeconds }: UsageQuery): Bounds {
  for (const seconds of [fromSeconds, toSeconds]) {
    if (seconds === undefined || Number.isSafeInteger(seconds)) continue;
    throw new RangeError(`a period has a bound at ${seconds} s, which is not a whole second`);
  }
  return { fromSeconds, toSeconds };
}
