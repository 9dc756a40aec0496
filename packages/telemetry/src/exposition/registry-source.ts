import type { Exemplar, FamilySource, MetricFamily, Sample } from './family.ts';
import { isMetricType } from './series-line.ts';

/** The part of a prom-client registry that is read; any object of this shape works. */
export interface MetricRegistry {
  getMetricsAsArray(): readonly object[];
}

/** What `get()` of a metric of such a registry returns. */
interface RegistryMetric {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values: readonly RegistryValue[];
}

interface RegistryValue {
  readonly value: number;
  /** `@prometheus-io/client` omits empty labels. */
  readonly labels?: Labels;
  readonly metricName?: string;
  readonly exemplar?: RegistryExemplar | null;
}

type Labels = Readonly<Record<string, string | number | undefined>>;

/** An exemplar as prom-client keeps it: the object exists before it has values. */
interface RegistryExemplar {
  readonly labelSet?: Exemplar['labels'] | undefined;
  readonly value?: number | undefined;
  readonly timestamp?: number | undefined;
}

/**
 * Makes a source from a prom-client registry. It only reads; prom-client's own OpenMetrics output permanently renames the
 * counters of the registry. If the collector of a metric fails or hangs, only that metric is left out.
 */
export function registrySource(registry: MetricRegistry): FamilySource {
  return function readRegistry() {
    return registry.getMetricsAsArray().map((metric) => ({ name: nameOf(metric), family: readMetric(metric) }));
  };
}

function nameOf(metric: object): string {
  return 'name' in metric ? String(metric.name) : 'without a name';
}

async function readMetric(metric: object): Promise<MetricFamily> {
  if (!('get' in metric) || typeof metric.get !== 'function')
    throw new TypeError('a metric of a registry needs a method get()');
  const { name, help, type, values }: RegistryMetric = await metric.get();
  return { name, help, type: isMetricType(type) ? type : 'unknown', samples: readValues(name, values) };
}

function* readValues(name: string, values: RegistryMetric['values']): Generator<Sample> {
  for (const { metricName = name, labels = {}, value, exemplar } of values) {
    const sample: Sample = { name: metricName, labels: isSet(labels) ? labels : dropUnset(labels), value };
    yield exemplar?.labelSet === undefined ? sample : { ...sample, exemplar: toExemplar(exemplar) };
  }
}

/** Copies it, because the registry overwrites it at the next event. */
function toExemplar({ labelSet = {}, value = Number.NaN, timestamp = Number.NaN }: RegistryExemplar): Exemplar {
  return { labels: labelSet, value, timestamp };
}

function isSet(labels: Labels): labels is Sample['labels'] {
  for (const label in labels) if (labels[label] === undefined) return false;
  return true;
}

function dropUnset(labels: Labels): Sample['labels'] {
  const set: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(labels)) if (value !== undefined) set[name] = value;
  return set;
}
