import type { BucketsOf } from './latency-bucket.ts';

/**
 * Reads the edges of histograms off docs/metrics.md, which is generated from the running services. They stand in lines
 * such as: - `metald_api_duration_seconds`: 0.1 0.5 1. Why these.
 */
export function readBucketEdges(metricsReference: string): BucketsOf {
  const edges = new Map<string, readonly number[]>();
  for (const [, name = '', list = ''] of metricsReference.matchAll(/^- `(\w+)`: ([\d. ]+)\. /gm))
    edges.set(name, list.split(' ').map(Number));
  return (histogram) => edges.get(histogram);
}
