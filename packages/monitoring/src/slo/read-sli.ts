import { type CounterSelector, readCounterSelector } from './counter-selector.ts';
import { type BucketsOf, readLatencyBucket, selectsBuckets } from './latency-bucket.ts';
import type { Field, LocatedYaml } from './located-yaml.ts';
import { readText } from './read-text.ts';
import type { Sli } from './slo.ts';

/** An entry of `slis`. Its name is set even when the rest is invalid, so that objectives find it. */
export interface SliEntry {
  readonly field: Field;
  readonly name: string | undefined;
  /** For a latency indicator: upper edge of the bucket of good events, in seconds. */
  readonly thresholdSeconds?: number;
  /** Undefined when the entry is invalid. */
  readonly sli: Sli | undefined;
}

/** Reads one entry of `slis`. */
export function readSli(field: Field, sources: { yaml: LocatedYaml; bucketsOf: BucketsOf }): SliEntry {
  const { yaml } = sources;
  const fields = yaml.mapping(field, ['name', 'description', 'good', 'errors', 'total']);
  if (fields === undefined) return { field, name: undefined, sli: undefined };

  const name = readText(fields.get('name'), {
    parent: field,
    key: 'name',
    yaml,
    pattern: /^[a-zA-Z_][a-zA-Z0-9_]*$/,
    allowed: 'a name of letters, digits and _, as of a metric',
  });
  const description = readText(fields.get('description'), {
    parent: field,
    key: 'description',
    yaml,
    // It becomes part of an annotation, which Prometheus reads as a template.
    pattern: /^(?!.*\{\{).+$/,
    allowed: 'the good events in words, on one line, without {{',
  });

  const totalField = fields.get('total');
  if (totalField === undefined) yaml.complain(field, 'has no total', 'a total: the counter of all events');
  const total = totalField && readCounterSelector(totalField, yaml);
  if (totalField !== undefined && total !== undefined && selectsBuckets(total))
    yaml.complain(totalField, 'selects buckets, which count an event several times', 'the _count of the histogram');

  const counted = readCounted(fields.get('good'), fields.get('errors'), { field, yaml });
  const isLatency = counted !== undefined && selectsBuckets(counted.selector);
  const bucket =
    isLatency && counted.as === 'good'
      ? readLatencyBucket({ good: counted.selector, total }, counted.field, sources)
      : undefined;
  if (isLatency && counted.as === 'errors')
    yaml.complain(counted.field, 'a bucket has the events that were fast enough', 'good instead of errors');

  const isWhole = name !== undefined && description !== undefined && total !== undefined && counted !== undefined;
  if (!isWhole || (isLatency && bucket === undefined)) return { field, name, sli: undefined };
  return {
    field: fields.get('name') ?? field,
    name,
    ...(bucket !== undefined && { thresholdSeconds: bucket.edge }),
    sli: {
      name,
      description,
      total: total.text,
      counted: { as: counted.as, selector: counted.selector.text },
      ...(bucket !== undefined && { buckets: bucket.buckets }),
    },
  };
}

interface Counted {
  readonly as: 'good' | 'errors';
  readonly field: Field;
  readonly selector: CounterSelector;
}

function readCounted(
  good: Field | undefined,
  errors: Field | undefined,
  { field, yaml }: { field: Field; yaml: LocatedYaml },
): Counted | undefined {
  if ((good === undefined) === (errors === undefined))
    yaml.complain(
      field,
      `has ${good === undefined ? 'neither good nor errors' : 'both good and errors'}`,
      'one of the two',
    );
  const chosen = good ?? errors;
  const selector = chosen && readCounterSelector(chosen, yaml);
  if (chosen === undefined || selector === undefined) return undefined;
  return { as: good === undefined ? 'errors' : 'good', field: chosen, selector };
}
