import { Counter, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import type { InstrumentType } from '../definitions/definition.ts';
import type { FamilyHeader, Sample } from '../exposition/family.ts';
import type { MetricRegistry } from '../exposition/registry-source.ts';

/*
 * The only file that imports prom-client. Each metric of the catalogue is in a registry as a prom-client metric that reads its
 * values from ours; docs/decisions/0009-values-of-our-own.md says why.
 */

export type { Registry };

/** A metric to expose in the registry. */
export interface ExposedMetric extends FamilyHeader {
  readonly type: InstrumentType;
  readonly labelNames: readonly string[];
  readonly read: () => Iterable<Sample>;
}

/** A prom-client registry that exposes metrics whose values are held elsewhere. */
export interface ExposedRegistry {
  readonly registry: Registry;
  /** Metrics that others have added to the registry. */
  readonly added: MetricRegistry;
  /** Whether a metric of this name is in the registry. */
  has(name: string): boolean;
  /** Adds a metric to the registry. */
  expose(metric: ExposedMetric): void;
}

const metricClasses = { counter: Counter, gauge: Gauge, histogram: Histogram };

/** Makes a new, empty registry; prom-client's global one is not used. */
export function createExposedRegistry(): ExposedRegistry {
  const registry = new CatalogueRegistry();
  const { exposed } = registry;
  return {
    registry,
    added: { getMetricsAsArray: () => registry.getMetricsAsArray().filter((metric) => !exposed.has(metric)) },
    has: (name) => registry.getSingleMetric(name) !== undefined,
    expose({ type, name, help, labelNames, read }) {
      const Metric = metricClasses[type];
      const metric = new Metric({ name, help, labelNames: [...labelNames], registers: [registry] });
      async function get(this: { readonly name: string }) {
        // The name of a counter changes when a registry writes OpenMetrics.
        return { name: this.name, help, type, aggregator: 'sum', values: Array.from(read(), toValue) };
      }
      // prom-client adds the name of a counter or gauge to its samples itself.
      const toValue = ({ name: metricName, labels, value }: Sample) =>
        type === 'histogram' ? { value, labels, metricName } : { value, labels };
      const refusals = changingMethods.map((method) => [method, () => refuseChange(name)]);
      // A registry reads a histogram through the second name.
      exposed.add(Object.assign(metric, Object.fromEntries(refusals), { get, getForPromString: get }));
    },
  };
}

/** Metrics of the process, which every library with default metrics adds. */
const defaultMetric = /^(process|nodejs)_/;

/**
 * A registry in which the catalogue's metrics of the process are the only ones of their names: a library that adds its own gets
 * on, and they are not read. Another name that is taken is an error, as in any registry.
 */
class CatalogueRegistry extends Registry {
  /** The metrics of the catalogue. */
  readonly exposed = new Set<object>();
  readonly #refused = new Map<string, Metric>();

  override getMetricsAsArray() {
    // Some metrics of prom-client are set when another one of their library is read. A failure of that one is of no interest.
    for (const metric of this.#refused.values()) (async () => metric.get())().catch(() => undefined);
    return super.getMetricsAsArray();
  }

  override registerMetric<T extends string>(metric: Metric<T>): void {
    const name = 'name' in metric ? String(metric.name) : '';
    const taken = this.getSingleMetric(name);
    if (taken === undefined || taken === metric || !this.exposed.has(taken) || !defaultMetric.test(name)) {
      super.registerMetric(metric);
    } else {
      this.#refused.set(name, metric);
    }
  }
}

/** Methods that change a prom-client metric, or return something that does. */
const changingMethods = [
  'inc',
  'dec',
  'set',
  'setToCurrentTime',
  'observe',
  'startTimer',
  'zero',
  'labels',
  'remove',
  'reset',
];

function refuseChange(name: string): never {
  throw new Error(
    `${name} belongs to a catalogue and is read-only in this registry; change it with what the catalogue returned`,
  );
}
