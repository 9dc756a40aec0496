import { cutSpan } from './period-usage.ts';
import { divideDown, quarterSeconds, secondNanos } from './time.ts';
import { joinSpans, type UsageSpan } from './usage.ts';

const quarterNanos = BigInt(quarterSeconds) * secondNanos;

/**
 * Joins successive spans within each quarter of an hour, so that a period of whole quarters still finds its bounds. A segment of
 * an earlier version that crosses one is divided as a bill would divide it.
 */
export function joinWithinQuarters(spans: Iterable<UsageSpan>): UsageSpan[] {
  const byQuarter = Map.groupBy(cutAtQuarters(spans), ({ firstNanos }) => quarterOf(firstNanos));
  return [...byQuarter.values()].flatMap(joinSpans);
}

function* cutAtQuarters(spans: Iterable<UsageSpan>): Generator<UsageSpan> {
  for (const span of spans) {
    let rest = span;
    while (quarterOf(rest.firstNanos) < quarterOf(rest.lastNanos)) {
      const [before, after] = cutSpan(rest, (quarterOf(rest.firstNanos) + 1n) * quarterNanos);
      yield before;
      rest = after;
    }
    yield rest;
  }
}

/** The number of a quarter since 1970. */
function quarterOf(unixNanos: bigint): bigint {
  return divideDown(unixNanos, quarterNanos);
}
