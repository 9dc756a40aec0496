import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BucketsOf, readBucketEdges } from './latency-bucket.ts';
import { readSlos } from './read-slos.ts';
import { renderRules } from './render-rules.ts';
import { sloRuleGroup } from './rules.ts';

const source = 'packages/monitoring/slos.yaml';
const target = 'compose/prometheus/rules/slo.yml';

/**
 * Generates the Prometheus rules of all objectives of `packages/monitoring/slos.yaml`.
 *
 * Error shares over windows of up to an hour come from the counters: exact and immediate, because they page people. Over
 * longer windows they are the sum of the recorded error rates divided by the sum of the recorded event rates. That is exact
 * except for five minutes at each end, weighs each event equally, and reads two series instead of 30 days of every counter.
 * The drawback: it ignores time in which Prometheus did not run.
 *
 * @param root Folder of the repository.
 * @param options `bucketsOf` gives the edges of histograms; by default they are read from docs/metrics.md.
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
