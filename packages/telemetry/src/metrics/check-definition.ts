import { type AnyDefinition, anyValue, knownLabelSets } from './definition.ts';
import { MetricDefinitionError } from './metric-definition-error.ts';
import { defaultMaxSeries } from './series-set.ts';

/**
 * Checks one definition by itself.
 *
 * @throws MetricDefinitionError for what Prometheus would not take, and for more known label sets than `maxSeries`.
 */
export function checkDefinition(definition: AnyDefinition): void {
  const { type, name, help, labels = {}, buckets, maxSeries = defaultMaxSeries } = definition;
  const refuse = (reason: string) => {
    throw new MetricDefinitionError(name, `cannot be defined: ${reason}`);
  };
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name))
    refuse('a name has letters, digits, _ and : and does not begin with a digit');
  if (type === 'counter' && !name.endsWith('_total')) refuse('the name of a counter ends in _total');
  if (help.trim() === '') refuse('help says in a sentence what a value means');
  for (const [label, values] of Object.entries(labels)) {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) || label.startsWith('__'))
      refuse(`label ${label} is not a Prometheus label name`);
    if (values !== anyValue && new Set(values).size !== values.length) refuse(`label ${label} lists a value twice`);
  }
  if (type === 'histogram' && 'le' in labels) refuse('the label le belongs to its buckets');
  if (buckets?.some((edge) => !Number.isFinite(edge))) refuse('bucket edges are finite; +Inf is added');
  if (buckets?.some((edge, index) => edge <= (buckets[index - 1] ?? -Infinity))) refuse('bucket edges rise');
  if (!Number.isInteger(maxSeries) || maxSeries < 1) refuse(`maxSeries is a whole number from 1, not ${maxSeries}`);
  const known = knownLabelSets(labels).length;
  if (known > maxSeries && !('read' in definition))
    refuse(`its listed label values make ${known} series and maxSeries is ${maxSeries}; raise it or list fewer values`);
}
