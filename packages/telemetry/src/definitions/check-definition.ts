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
