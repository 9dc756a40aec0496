import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FamilyHeader, Sample } from '../exposition/family.ts';
import type { MetricRegistry } from '../exposition/registry-source.ts';
import type { InstrumentType } from './definition.ts';

/*
 * The only file that imports prom-client. Each metric of the catalogue stands in a registry as a metric of prom-client
 * that reads its values from ours: docs/decisions/0009-values-of-our-own.md says why.
 */

export type { Registry };

/** A metric to be shown in the registry. */
export interface ShownMetric extends FamilyHeader {
  readonly type: InstrumentType;
  readonly labelNames: readonly string[];
  readonly read: () => Iterable<Sample>;
}

/** A registry of prom-client that shows metrics which are held elsewhere. */
export interface ShowingRegistry {
  readonly registry: Registry;
  /** What others have added to the registry. */
  readonly added: MetricRegistry;
  /** Whether a metric of this name is in the registry. */
  has(name: string): boolean;
  /** Puts a metric into the registry. */
  show(metric: ShownMetric): void;
}

const metricClasses = { counter: Counter, gauge: Gauge, histogram: Histogram };

/** Makes an empty registry of its own; prom-client's global one is not touched. */
export function createShowingRegistry(): ShowingRegistry {
  const registry = new Registry();
  const shown = new Set<object>();
  return {
    registry,
    added: { getMetricsAsArray: () => registry.getMetricsAsArray().filter((metric) => !shown.has(metric)) },
    has: (name) => registry.getSingleMetric(name) !== undefined,
    show({ type, name, help, labelNames, read }) {
      const Metric = metricClasses[type];
      const metric = new Metric({ name, help, labelNames: [...labelNames], registers: [registry] });
      async function get(this: { readonly name: string }) {
        // A registry that writes OpenMetrics changes the name of a counter.
        return { name: this.name, help, type, aggregator: 'sum', values: Array.from(read(), toValue) };
      }
      // prom-client adds the name of a counter or gauge to its samples itself.
      const toValue = ({ name: metricName, labels, value }: Sample) =>
        type === 'histogram' ? { value, labels, metricName } : { value, labels };
      const refusals = movingMethods.map((method) => [method, () => refuseMove(name)]);
      // A registry asks a histogram by the second name.
      shown.add(Object.assign(metric, Object.fromEntries(refusals), { get, getForPromString: get }));
    },
  };
}

/** What would move a metric of prom-client, or give something that does. */
const movingMethods = [
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

function refuseMove(name: string): never {
  throw new Error(
    `${name} belongs to a catalogue and is only shown in this registry; move it with what the catalogue returned`,
  );
}
