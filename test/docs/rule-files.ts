import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

const repositoryRoot = join(import.meta.dirname, '../..');
const prometheusFolder = join(repositoryRoot, 'compose/prometheus');

/** Folder of the runbooks, one Markdown file each. */
export const runbooksFolder = join(repositoryRoot, 'docs/runbooks');

/** Folder of the generated dashboards, one JSON file each, named by its uid. */
export const dashboardsFolder = join(repositoryRoot, 'compose/grafana/dashboards');

/** The generated reference of every metric of the two services. */
export const metricsReference = join(repositoryRoot, 'docs/metrics.md');

type Texts = Readonly<Record<string, string>>;

/** An alerting rule, with the group and the file in which it stands. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** A Prometheus duration; there is none when the alert fires at once. */
  readonly for?: string;
  readonly labels?: Texts;
  readonly annotations?: Texts;
  readonly group: string;
  readonly interval?: string;
  readonly file: string;
}

interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

interface RuleFile {
  readonly groups: readonly {
    readonly name: string;
    readonly interval?: string;
    readonly rules: readonly (Omit<AlertRule, 'group' | 'interval' | 'file'> | RecordingRule)[];
  }[];
}

interface ScrapeConfig {
  readonly scrape_configs: readonly { readonly job_name: string; readonly scrape_interval?: string }[];
}

/** What a file of cases for promtool says of one alert at one time. */
export interface AlertExpectation {
  readonly alertname: string;
  readonly exp_alerts?: readonly { readonly exp_labels?: Texts; readonly exp_annotations?: Texts }[];
}

interface CaseFile {
  readonly tests: readonly { readonly alert_rule_test?: readonly AlertExpectation[] }[];
}

/** Every alerting rule of `compose/prometheus/rules`, in the order of the files. */
export async function readAlertRules(): Promise<AlertRule[]> {
  const files = await readYamlFiles<RuleFile>('rules', '.yml');
  return files.flatMap(({ file, content }) =>
    content.groups.flatMap(({ name: group, interval, rules }) =>
      rules.flatMap((rule) => ('alert' in rule ? [{ ...rule, group, file, ...(interval && { interval }) }] : [])),
    ),
  );
}

/** The names of every recording rule. */
export async function readRecordingNames(): Promise<string[]> {
  const files = await readYamlFiles<RuleFile>('rules', '.yml');
  return files.flatMap(({ content }) =>
    content.groups.flatMap(({ rules }) => rules.flatMap((rule) => ('record' in rule ? [rule.record] : []))),
  );
}

/** How often Prometheus scrapes a job, as a Prometheus duration. @throws Error when the job has no interval of its own */
export async function readScrapeInterval(job: string): Promise<string> {
  const config: ScrapeConfig = parse(await readFile(join(prometheusFolder, 'prometheus.yml'), 'utf8'));
  const interval = config.scrape_configs.find(({ job_name }) => job_name === job)?.scrape_interval;
  if (interval === undefined) throw new Error(`prometheus.yml has no scrape_interval of the job ${job}`);
  return interval;
}

/** Every expectation about an alert in `compose/prometheus/tests`. */
export async function readAlertExpectations(): Promise<AlertExpectation[]> {
  const files = await readYamlFiles<CaseFile>('tests', '.test.yml');
  return files.flatMap(({ content }) => content.tests.flatMap(({ alert_rule_test }) => alert_rule_test ?? []));
}

/** Reads the files of one folder; that Prometheus accepts their form is proven by promtool. */
async function readYamlFiles<T>(folder: 'rules' | 'tests', ending: string): Promise<{ file: string; content: T }[]> {
  const names = (await readdir(join(prometheusFolder, folder))).filter((name) => name.endsWith(ending)).sort();
  return Promise.all(
    names.map(async (file) => {
      const content: T = parse(await readFile(join(prometheusFolder, folder, file), 'utf8'));
      return { file, content };
    }),
  );
}
