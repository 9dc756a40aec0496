import { type AnyDefinition, anyValue, type InstrumentType, type LabelSchema } from './definition.ts';
import { type DefinitionPlace, nameTwoPlaces } from './definition-place.ts';
import { MetricDefinitionError } from './metric-definition-error.ts';
import { defaultMaxSeries } from './series-set.ts';

/** A metric of the catalogue with its definition and the place of it. */
export interface DefinedMetric {
  readonly definition: AnyDefinition;
  readonly place: DefinitionPlace;
}

/**
 * Finds the metric that a definition repeats.
 *
 * @throws MetricDefinitionError that names both places, when a metric has the name and is another, or when OpenMetrics
 * would give one name to series of both.
 */
export function findSameMetric<Metric extends DefinedMetric>(
  metrics: ReadonlyMap<string, Metric>,
  { definition, place }: DefinedMetric,
): Metric | undefined {
  const { name, type } = definition;
  const same = metrics.get(name);
  if (same !== undefined) {
    const [before, now] = [describeAll(same.definition), describeAll(definition)];
    const differing = [...before.keys()].filter((property) => before.get(property) !== now.get(property));
    if (differing.length === 0) return same;
    const describe = (all: typeof before) => differing.map((property) => `${property} ${all.get(property)}`).join(', ');
    const [first, second] = nameTwoPlaces(same.place, place);
    throw new MetricDefinitionError(
      name,
      `is defined twice, and not in the same way; define it once and pass it on\n  ${first}: ${describe(before)}\n  ${second}: ${describe(now)}`,
    );
  }
  const claimed = new Set(namesOfSeries(type, name));
  for (const other of metrics.values()) {
    const shared = namesOfSeries(other.definition.type, other.definition.name).find((claim) => claimed.has(claim));
    if (shared === undefined) continue;
    const [first, second] = nameTwoPlaces(other.place, place);
    throw new MetricDefinitionError(
      name,
      `and metric ${other.definition.name} would both be ${shared} in OpenMetrics; name one otherwise\n  ${first}: ${other.definition.name}\n  ${second}: ${name}`,
    );
  }
  return undefined;
}

/** What two definitions of one metric have in common; the order of labels and of their values makes no difference. */
function describeAll(definition: AnyDefinition): ReadonlyMap<string, unknown> {
  const { type, help, labels = {}, buckets = [], reasonForBuckets, exemplars = false, read } = definition;
  const { maxSeries = defaultMaxSeries } = definition;
  return new Map<string, unknown>([
    ['type', read === undefined ? type : `observed ${type}`],
    ['help', JSON.stringify(help)],
    ['labels', describeLabels(labels)],
    ['buckets', buckets.join(' ')],
    ['reasonForBuckets', JSON.stringify(reasonForBuckets)],
    ['maxSeries', maxSeries],
    ['exemplars', exemplars],
    ['read', read],
  ]);
}

function describeLabels(labels: LabelSchema): string {
  const described = Object.entries(labels).map(
    ([name, values]) => `${name} = ${values === anyValue ? 'any value' : [...values].sort().join(' ')}`,
  );
  return described.sort().join('; ') || 'none';
}

/** Every name that the series of a metric may have, in either format. OpenMetrics names a counter without `_total`. */
function namesOfSeries(type: InstrumentType, name: string): readonly string[] {
  if (type === 'gauge') return [name];
  const family = type === 'counter' ? name.replace(/_total$/, '') : name;
  const suffixes = type === 'counter' ? ['_total', '_created'] : ['_bucket', '_sum', '_count', '_created'];
  return [family, ...suffixes.map((suffix) => family + suffix)];
}
