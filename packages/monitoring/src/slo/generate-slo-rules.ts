import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readBucketEdges } from './bucket-edges.ts';
import type { BucketsOf } from './latency-bucket.ts';
import { readSlos } from './read-slos.ts';
import { renderRules } from './render-rules.ts';
import { sloRuleGroup } from './rules.ts';

const source = 'packages/monitoring/slos.yaml';
const target = 'compose/prometheus/rules/slo.yml';

/**
 * Makes the Prometheus rules of all objectives of `packages/monitoring/slos.yaml`.
 *
 * Shares of errors over windows up to an hour are read off the counters: exact, and at once, for they wake people. Over
 * longer ones they are the sum of the recorded error rates over the sum of the recorded event rates: as exact but for
 * five minutes at each end, each event weighs alike, and an evaluation reads two series instead of 30 days of every
 * counter. The price: time in which Prometheus did not run is not seen.
 *
 * @param root Folder of the repository.
 * @param options `bucketsOf` gives the edges of histograms; without it they are read off docs/metrics.md.
 * @returns Contents by path from the root.
 * @throws SloFileError that names every mistake with its line and column.
 */
export async function generateSloRules(
  root: string,
  { bucketsOf }: { readonly bucketsOf?: BucketsOf } = {},
): Promise<Map<string, string>> {
  const slos = readSlos(await readFile(join(root, source), 'utf8'), {
    file: source,
    bucketsOf: bucketsOf ?? readBucketEdges(await readFile(join(root, 'docs/metrics.md'), 'utf8')),
  });
  return new Map([[target, renderRules(slos.map(sloRuleGroup), source)]]);
}
