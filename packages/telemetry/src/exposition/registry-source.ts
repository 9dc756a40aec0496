import type { FamilySource, MetricFamily, MetricType, Sample } from './family.ts';

/** The part of a prom-client registry that is read; any object of this shape will do. */
export interface MetricRegistry {
  getMetricsAsArray(): readonly object[];
}

/** What a metric of such a registry answers to `get()`. */
interface RegistryMetric {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number | undefined>>;
    readonly metricName?: string;
  }[];
}

/**
 * Makes a source of a prom-client registry. It only reads: prom-client's own OpenMetrics output renames the counters of
 * the registry for good.
 */
export function registrySource(registry: MetricRegistry): FamilySource {
  return () => Promise.all(registry.getMetricsAsArray().map(async (metric) => toFamily(await readMetric(metric))));
}

async function readMetric(metric: object): Promise<RegistryMetric> {
  if (!('get' in metric) || typeof metric.get !== 'function') throw new TypeError('a metric of a registry has get()');
  return await metric.get();
}

function toFamily({ name, help, type, values }: RegistryMetric): MetricFamily {
  return {
    name,
    help,
    type: isMetricType(type) ? type : 'unknown',
    samples: values.map(({ metricName, labels, value }) => ({
      name: metricName ?? name,
      labels: dropUnset(labels),
      value,
    })),
  };
}

function dropUnset(labels: RegistryMetric['values'][number]['labels']): Sample['labels'] {
  const set: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(labels)) if (value !== undefined) set[name] = value;
  return set;
}

function isMetricType(type: unknown): type is MetricType {
  return type === 'counter' || type === 'gauge' || type === 'histogram' || type === 'summary';
}
