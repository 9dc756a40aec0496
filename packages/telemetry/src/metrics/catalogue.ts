import type { FamilySource, MetricFamily } from '../exposition/family.ts';
import { registrySource } from '../exposition/registry-source.ts';
import {
  anyValue,
  type CatalogueEntry,
  type HistogramDefinition,
  knownLabelSets,
  type LabelSchema,
  type LabelValues,
  type MetricDefinition,
  type NoLabels,
  type ObservedDefinition,
  type WithLabels,
} from './definition.ts';
import { createInstrumentStore } from './prom-client.ts';

/** A value that only grows. */
export interface Counter<Labels extends LabelSchema = NoLabels> {
  /** Adds an amount of 0 or more. @throws RangeError for a negative amount or one that is not a number. */
  inc(...args: WithLabels<Labels, [amount?: number]>): void;
}

/** A value that goes up and down. */
export interface Gauge<Labels extends LabelSchema = NoLabels> {
  /** @throws RangeError for a value that is not a number. */
  set(...args: WithLabels<Labels, [value: number]>): void;
  /** Adds an amount; a negative one is taken away. */
  inc(...args: WithLabels<Labels, [amount?: number]>): void;
  /** Ends the series of a label set. */
  remove(...args: WithLabels<Labels, []>): void;
}

/** The distribution of observed values. */
export interface Histogram<Labels extends LabelSchema = NoLabels> {
  /** @throws RangeError for a value that is not a number. */
  observe(...args: WithLabels<Labels, [value: number]>): void;
}

/**
 * The metrics of a service, each defined once. Label sets that are known in advance exist at zero from the first
 * scrape, and a wrong label name or value does not compile.
 */
export interface Catalogue {
  counter<const Labels extends LabelSchema = NoLabels>(definition: MetricDefinition<Labels>): Counter<Labels>;
  gauge<const Labels extends LabelSchema = NoLabels>(definition: MetricDefinition<Labels>): Gauge<Labels>;
  histogram<const Labels extends LabelSchema = NoLabels>(definition: HistogramDefinition<Labels>): Histogram<Labels>;
  /** A metric that is derived at each scrape from state that exists anyway, so that it cannot drift from it. */
  observed<const Labels extends LabelSchema = NoLabels>(definition: ObservedDefinition<Labels>): void;
  /** Everything that was defined, in that order. */
  readonly entries: readonly CatalogueEntry[];
  /** What `/metrics` is written from; it grows with each definition. */
  readonly sources: readonly FamilySource[];
}

/** Makes an empty catalogue. */
export function createCatalogue(): Catalogue {
  const store = createInstrumentStore();
  const entries = new Map<string, CatalogueEntry>();
  const sources: FamilySource[] = [registrySource(store.registry)];

  const add = (type: CatalogueEntry['type'], definition: MetricDefinition & Partial<HistogramDefinition>) => {
    const { name, help, labels = {}, buckets, reasonForBuckets } = definition;
    checkDefinition(type, definition);
    if (entries.has(name)) throw new Error(`metric ${name} is defined twice; define it once and pass it on`);
    // OpenMetrics names the family of a counter without its _total.
    const twin = [...entries.values()].find((entry) => familyName(entry.type, entry.name) === familyName(type, name));
    if (twin !== undefined) throw new Error(`metric ${name} has the OpenMetrics name of metric ${twin.name}`);
    entries.set(name, {
      name,
      help,
      type,
      labels,
      ...(buckets && { buckets }),
      ...(reasonForBuckets && { reasonForBuckets }),
    });
    return { options: { name, help, labelNames: Object.keys(labels) }, zeroSets: knownLabelSets(labels) };
  };

  return {
    counter(definition) {
      const { options, zeroSets } = add('counter', definition);
      const counter = store.counter(options);
      for (const labels of zeroSets) counter.inc(labels, 0);
      return {
        inc(...args) {
          const [labels, amount = 1] = splitLabels(definition, args);
          if (!(amount >= 0))
            throw new RangeError(`${definition.name}: a counter grows by 0 or more, not by ${amount}`);
          counter.inc(labels, amount);
        },
      };
    },

    gauge(definition) {
      const { options, zeroSets } = add('gauge', definition);
      const gauge = store.gauge(options);
      for (const labels of zeroSets) gauge.set(labels, 0);
      return {
        set(...args) {
          const [labels, value] = splitLabels(definition, args);
          gauge.set(labels, refuseNaN(definition, value));
        },
        inc(...args) {
          const [labels, amount = 1] = splitLabels(definition, args);
          gauge.inc(labels, refuseNaN(definition, amount));
        },
        remove(...args) {
          gauge.remove(splitLabels(definition, args)[0]);
        },
      };
    },

    histogram(definition) {
      const { options, zeroSets } = add('histogram', definition);
      const histogram = store.histogram({ ...options, buckets: [...definition.buckets] });
      for (const labels of zeroSets) histogram.zero(labels);
      return {
        observe(...args) {
          const [labels, value] = splitLabels(definition, args);
          histogram.observe(labels, refuseNaN(definition, value));
        },
      };
    },

    observed(definition) {
      add(definition.type, definition);
      // A source each: a reading that throws costs its own metric alone.
      sources.push(() => [readFamily(definition)]);
    },

    get entries() {
      return [...entries.values()];
    },
    sources,
  };
}

function familyName(type: CatalogueEntry['type'], name: string): string {
  return type === 'counter' ? name.replace(/_total$/, '') : name;
}

function readFamily({ name, help, type, read }: ObservedDefinition): MetricFamily {
  const reading = read();
  const readings = typeof reading === 'number' ? [[{}, reading] as const] : reading;
  return { name, help, type, samples: Array.from(readings, ([labels, value]) => ({ name, labels, value })) };
}

/** Parts the arguments of an instrument's call: labels come first if the metric has any. */
function splitLabels(
  { labels }: MetricDefinition,
  args: readonly unknown[],
): [labels: LabelValues<LabelSchema>, value: number | undefined] {
  const hasLabels = labels !== undefined && Object.keys(labels).length > 0;
  // `WithLabels` has fixed the types of the arguments at the caller; here they are one of these two shapes.
  return (hasLabels ? args : [{}, ...args]) as [LabelValues<LabelSchema>, number | undefined];
}

function refuseNaN({ name }: MetricDefinition, value: number | undefined): number {
  if (typeof value !== 'number' || Number.isNaN(value)) throw new RangeError(`${name}: ${value} is not a number`);
  return value;
}

function checkDefinition(
  type: CatalogueEntry['type'],
  { name, labels = {}, buckets }: MetricDefinition & Partial<HistogramDefinition>,
) {
  const refuse = (reason: string) => {
    throw new Error(`metric ${name} cannot be defined: ${reason}`);
  };
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name))
    refuse('a name has letters, digits, _ and : and does not begin with a digit');
  if (type === 'counter' && !name.endsWith('_total')) refuse('the name of a counter ends in _total');
  for (const [label, values] of Object.entries(labels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) || label.startsWith('__'))
      refuse(`label ${label} is not a Prometheus label name`);
    if (values !== anyValue && new Set(values).size !== values.length) refuse(`label ${label} lists a value twice`);
  }
  if (type === 'histogram' && 'le' in labels) refuse('the label le belongs to its buckets');
  if (buckets?.some((edge) => !Number.isFinite(edge))) refuse('bucket edges are finite; +Inf is added');
  if (buckets?.some((edge, index) => edge <= (buckets[index - 1] ?? -Infinity))) refuse('bucket edges rise');
}
