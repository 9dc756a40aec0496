import { type CounterSelector, withoutLabel } from './counter-selector.ts';
import type { Field, LocatedYaml } from './located-yaml.ts';

/** Upper edges of the buckets of a histogram, without +Inf; undefined if there is no such histogram. */
export type BucketsOf = (histogram: string) => readonly number[] | undefined;

/** The bucket of a histogram that a latency indicator counts. */
export interface LatencyBucket {
  /** Its upper edge, in seconds. */
  readonly edge: number;
  /** Selector of all buckets. */
  readonly buckets: string;
}

const bucketSuffix = '_bucket';

/** Whether a selector selects buckets. */
export function selectsBuckets({ metric }: CounterSelector): boolean {
  return metric.endsWith(bucketSuffix);
}

/**
 * Reads the edge from a selector of good events that selects one bucket. Reports an error if it selects no single bucket, if
 * the histogram has no such edge, or if its events are not those of `total`.
 */
export function readLatencyBucket(
  { good, total }: { good: CounterSelector; total: CounterSelector | undefined },
  field: Field,
  { yaml, bucketsOf }: { yaml: LocatedYaml; bucketsOf: BucketsOf },
): LatencyBucket | undefined {
  const histogram = good.metric.slice(0, -bucketSuffix.length);
  const edges = bucketsOf(histogram);
  if (edges === undefined) {
    yaml.complain(field, `there is no histogram ${histogram}`, 'a histogram of docs/metrics.md');
    return undefined;
  }
  const choices = `${edges.length === 1 ? '' : 'one of '}${edges.map((edge) => `le="${storedEdge(edge)}"`).join(' ')}`;
  const chosen = good.matchers.filter(({ label }) => label === 'le');
  const [le] = chosen;
  if (le === undefined || chosen.length > 1 || le.operator !== '=') {
    yaml.complain(field, 'does not choose one bucket', choices);
    return undefined;
  }
  const edge = edges.find((candidate) => storedEdge(candidate) === le.value);
  if (edge === undefined) {
    const isWritten = edges.includes(Number(le.value));
    yaml.complain(
      field,
      isWritten ? `le="${le.value}" matches nothing` : `${histogram} has no bucket with le="${le.value}"`,
      isWritten ? `le="${storedEdge(Number(le.value))}", as Prometheus 3 stores it` : choices,
    );
    return undefined;
  }
  const buckets = withoutLabel(good, 'le');
  const counted = buckets.replace(bucketSuffix, '_count');
  if (total !== undefined && withoutLabel(total, 'le') !== counted) {
    yaml.complain(field, `its events are not those of the total, ${total.text}`, `a total of ${counted}`);
    return undefined;
  }
  return { edge, buckets };
}

/** Prometheus 3 stores `le` as a float, however it was exposed: 5 becomes 5.0. */
function storedEdge(edge: number): string {
  return Number.isInteger(edge) ? `${edge}.0` : String(edge);
}

/**
 * Reads the bucket edges from docs/metrics.md, which is generated from the services. Its lines look like this:
 * - `metald_api_duration_seconds`: 0.1 0.5 1. Reason.
 */
export function readBucketEdges(metricsReference: string): BucketsOf {
  const edges = new Map<string, readonly number[]>();
  for (const [, name = '', list = ''] of metricsReference.matchAll(/^- `(\w+)`: ([\d. ]+)\. /gm))
    edges.set(name, list.split(' ').map(Number));
  return (histogram) => edges.get(histogram);
}
