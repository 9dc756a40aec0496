import { fileURLToPath } from 'node:url';
import { MetricDefinitionError } from '../definitions/check-definition.ts';
import { type AnyDefinition, anyValue, defaultMaxSeries, type LabelSchema } from '../definitions/definition.ts';
import { occupiedNames } from '../exposition/names.ts';

/** A metric of the catalogue, with its definition and the place of the definition. */
export interface DefinedMetric {
  readonly definition: AnyDefinition;
  readonly place: DefinitionPlace;
}

/**
 * Finds the metric that a definition repeats.
 *
 * @throws MetricDefinitionError with both places, when a metric of that name has another definition, or when series of both would
 * have the same name in OpenMetrics.
 */
export function findSameMetric<Metric extends DefinedMetric>(
  metrics: ReadonlyMap<string, Metric>,
  { definition, place }: DefinedMetric,
): Metric | undefined {
  const { name } = definition;
  const same = metrics.get(name);
  if (same !== undefined) {
    const [before, now] = [describeAll(same.definition), describeAll(definition)];
    const differing = [...before.keys()].filter((property) => before.get(property) !== now.get(property));
    if (differing.length === 0) return same;
    const describe = (all: typeof before) => differing.map((property) => `${property} ${all.get(property)}`).join(', ');
    const [first, second] = nameTwoPlaces(same.place, place);
    throw new MetricDefinitionError(
      name,
      `is defined twice with different definitions; define it once and pass it on\n  ${first}: ${describe(before)}\n  ${second}: ${describe(now)}`,
    );
  }
  const occupied = new Set(occupiedNames(definition));
  for (const other of metrics.values()) {
    const shared = occupiedNames(other.definition).find((candidate) => occupied.has(candidate));
    if (shared === undefined) continue;
    const [first, second] = nameTwoPlaces(other.place, place);
    throw new MetricDefinitionError(
      name,
      `and metric ${other.definition.name} would both be ${shared} in OpenMetrics; rename one\n  ${first}: ${other.definition.name}\n  ${second}: ${name}`,
    );
  }
  return undefined;
}

/** The properties that two definitions of a metric must share. The order of labels and of their values does not matter. */
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

/** The stack of a definition: `file:line` of the call, then of its caller, and so on. */
export type DefinitionPlace = readonly string[];

/** The place where `definer` was called. Only `definer` itself calls this. */
export function placeOfCall(definer: (...args: never[]) => unknown): DefinitionPlace {
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, definer);
  return (trace.stack ?? '').split('\n').flatMap((frame) => {
    const [, file, line] = /(?:\(|at (?:async )?)([^()]+):(\d+):\d+\)?$/.exec(frame) ?? [];
    if (file === undefined || file.startsWith('node:')) return [];
    return [`${file.startsWith('file:') ? fileURLToPath(file) : file}:${line}`];
  });
}

/**
 * Names two places so that they differ: when a function defines a metric for its callers, both definitions are on the same line,
 * and only the callers differ.
 */
function nameTwoPlaces(first: DefinitionPlace, second: DefinitionPlace): readonly [string, string] {
  const apart = Math.max(
    0,
    first.findIndex((place, index) => place !== second[index]),
  );
  // `Error.stackTraceLimit` may be 0.
  const nowhere = 'an unknown place';
  return [first[apart] ?? nowhere, second[apart] ?? nowhere];
}
