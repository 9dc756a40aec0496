import { parse } from 'yaml';
import { durationSeconds } from './duration.ts';
import { commonTargetLabels } from './metric-knowledge.ts';

/** The targets in the configuration of Prometheus. */
export interface ScrapeJobs {
  /** Scrape interval of each job in seconds. */
  readonly jobs: ReadonlyMap<string, number>;
  /** Default scrape interval in seconds. */
  readonly scrapeInterval: number;
  /** Labels that targets have, those that every target has included. */
  readonly targetLabels: ReadonlySet<string>;
}

/** Targets with common labels, as in `static_configs` and in the files of `file_sd_configs`. */
interface TargetGroup {
  readonly labels?: Readonly<Record<string, string>>;
}

/** The part of the configuration that is read here. */
interface PrometheusConfiguration {
  readonly global?: { readonly scrape_interval?: string };
  readonly scrape_configs?: readonly {
    readonly job_name: string;
    readonly scrape_interval?: string;
    readonly static_configs?: readonly TargetGroup[];
  }[];
}

/**
 * Reads the jobs of a `prometheus.yml`. promtool checks whether it is valid.
 *
 * @param targetFiles - contents of the files of `targets/`; the label `service` of a target there becomes its job
 */
export function readScrapeJobs(text: string, targetFiles: readonly string[] = []): ScrapeJobs {
  const configuration: PrometheusConfiguration = parse(text);
  // The default of Prometheus is one minute.
  const scrapeInterval = durationSeconds(configuration.global?.scrape_interval ?? '1m') ?? 60;
  const scrapes = configuration.scrape_configs ?? [];
  const ofFiles = targetFiles.flatMap((file): readonly TargetGroup[] => parse(file) ?? []);
  const jobs = new Map([
    ...scrapes.map(
      (scrape) => [scrape.job_name, durationSeconds(scrape.scrape_interval ?? '') ?? scrapeInterval] as const,
    ),
    ...ofFiles.flatMap(({ labels }) =>
      [labels?.['job'], labels?.['service']].flatMap((job) =>
        job === undefined ? [] : [[job, scrapeInterval] as const],
      ),
    ),
  ]);
  const groups = [...scrapes.flatMap(({ static_configs = [] }) => static_configs), ...ofFiles];
  const labels = groups.flatMap((group) => Object.keys(group.labels ?? {}));
  return { jobs, scrapeInterval, targetLabels: new Set([...commonTargetLabels, ...labels]) };
}
