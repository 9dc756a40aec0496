import { isMetricName, isUsableLabelName } from '../exposition/names.ts';
import { type AnyDefinition, anyValue, defaultMaxSeries, knownLabelSets } from './definition.ts';

/**
 * Checks one definition by itself.
 *
 * @throws MetricDefinitionError for what Prometheus would refuse, and for more known label sets than `maxSeries`.
 */
export function checkDefinition(definition: AnyDefinition): void {
  const { type, name, help, labels = {}, buckets, maxSeries = defaultMaxSeries } = definition;
  const refuse = (reason: string) => {
    throw new MetricDefinitionError(name, `cannot be defined: ${reason}`);
  };
  for (const problem of misuses(definition)) refuse(problem);
  if (!isMetricName(name)) refuse('a name has letters, digits, _ and : and does not begin with a digit');
  if (type === 'counter' && !name.endsWith('_total')) refuse('the name of a counter ends in _total');
  if (help.trim() === '') refuse('help needs a sentence that says what a value means');
  for (const [label, values] of Object.entries(labels)) {
    if (!isUsableLabelName(label)) refuse(`label ${label} is not a Prometheus label name`);
    if (values !== anyValue && new Set(values).size !== values.length) refuse(`label ${label} lists a value twice`);
  }
  if (type === 'histogram' && 'le' in labels) refuse('the label le is reserved for its buckets');
  if (buckets?.some((edge) => !Number.isFinite(edge))) refuse('bucket edges must be finite; +Inf is added');
  if (buckets?.some((edge, index) => edge <= (buckets[index - 1] ?? -Infinity))) refuse('bucket edges must rise');
  if (!Number.isInteger(maxSeries) || maxSeries < 1) refuse(`maxSeries is an integer from 1, not ${maxSeries}`);
  const known = knownLabelSets(labels).length;
  if (known > maxSeries && !('read' in definition))
    refuse(`its listed label values make ${known} series and maxSeries is ${maxSeries}; raise it or list fewer values`);
}

/** What the types of a definition forbid, and JavaScript does not. */
function* misuses(definition: object): Generator<string> {
  const given = new Map<string, unknown>(Object.entries(definition));
  const [type, help, labels, buckets, read] = ['type', 'help', 'labels', 'buckets', 'read'].map((key) =>
    given.get(key),
  );
  if (typeof help !== 'string') yield 'help needs a sentence that says what a value means';
  if (given.has('labelNames')) yield 'labelNames is no option; it is labels: { status: anyValue }';
  if (Array.isArray(labels)) yield 'labels is an object such as { status: anyValue }, not a list';
  for (const [label, values] of Object.entries(labels ?? {})) {
    if (values !== anyValue && !(Array.isArray(values) && values.every((value) => typeof value === 'string')))
      yield `label ${label} needs the list of its values, which are texts, or anyValue`;
  }
  if (type === 'histogram' && !Array.isArray(buckets)) yield 'buckets needs the upper edges, such as [0.1, 1, 10]';
  if (read !== undefined && (typeof read !== 'function' || read.constructor.name === 'AsyncFunction'))
    yield 'read is a function that returns the value, not a promise; keep what it waits for in a variable';
}

/** A definition that the catalogue refuses. */
export class MetricDefinitionError extends Error {
  override readonly name = 'MetricDefinitionError';
  /** Name of the metric that was defined. */
  readonly metric: string;

  /** @param problem text after the name of the metric in the message */
  constructor(metric: string, problem: string) {
    super(`metric ${metric} ${problem}`);
    this.metric = metric;
  }
}
