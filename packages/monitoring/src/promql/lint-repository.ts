import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogueEntry } from '@vmobs/telemetry/exposition';
import { foreignMetrics } from './foreign-metrics.ts';
import { lintQueries } from './lint-queries.ts';
import { createMetricKnowledge } from './metric-knowledge.ts';
import type { Finding } from './query.ts';
import { readDashboardQueries } from './read-dashboard-queries.ts';
import { readRuleQueries } from './read-rule-queries.ts';
import { readScrapeJobs } from './read-scrape-jobs.ts';

/** What came of linting a repository. */
export interface LintResult {
  readonly findings: readonly Finding[];
  readonly queryCount: number;
  readonly fileCount: number;
}

const rulesFolder = 'compose/prometheus/rules';
const dashboardsFolder = 'compose/grafana/dashboards';
const prometheusFile = 'compose/prometheus/prometheus.yml';
const targetsFolder = 'compose/prometheus/targets';

/**
 * Lints all rules and dashboards under `compose/` against the catalogue of the services and the scrape jobs.
 *
 * @param root - folder of the repository
 * @param catalogueFile - metrics of the services by job, as `pnpm generate` writes them. @default the one beside this file
 * @throws CommandError when a file is no rule file or dashboard.
 */
export async function lintRepository(
  root: string,
  catalogueFile = join(import.meta.dirname, 'catalogue.json'),
): Promise<LintResult> {
  const services: Record<string, CatalogueEntry[]> = JSON.parse(await readFile(catalogueFile, 'utf8'));
  const targets = await filesIn(root, targetsFolder, /\.ya?ml$/);
  const scraping = readScrapeJobs(
    await readFile(join(root, prometheusFile), 'utf8'),
    targets.map(({ text }) => text),
  );
  const knowledge = createMetricKnowledge({ services, foreign: foreignMetrics, ...scraping });
  const rules = await filesIn(root, rulesFolder, /\.ya?ml$/);
  const dashboards = await filesIn(root, dashboardsFolder, /\.json$/);
  const queries = [
    ...rules.flatMap(({ path, text }) => readRuleQueries(path, text)),
    ...dashboards.flatMap(({ path, text }) => readDashboardQueries(path, text)),
  ];
  const fileCount = rules.length + dashboards.length;
  return { findings: lintQueries(queries, knowledge), queryCount: queries.length, fileCount };
}

/** The files of a folder, also in folders in it, by name. A folder that is not there has none. */
async function filesIn(root: string, folder: string, pattern: RegExp): Promise<{ path: string; text: string }[]> {
  const names = await readdir(join(root, folder), { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const paths = names.filter((name) => pattern.test(name)).map((name) => `${folder}/${name}`);
  return Promise.all(paths.sort().map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
}
