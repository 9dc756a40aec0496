import type { Exemplar, FamilyHeader, Sample } from './family.ts';
import { escapeLabelValue, formatNumber } from './values.ts';

/** OpenMetrics allows this many characters in all names and values of the labels of an exemplar together. */
const maxLabelCharacters = 128;

/**
 * Writes what follows the value of a sample with an exemplar.
 *
 * @throws Error when the sample may have none, or the exemplar is not a valid one.
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars
 */
export function writeExemplar(family: FamilyHeader, sample: Sample, exemplar: Exemplar): string {
  const mayHaveOne = family.type === 'counter' || sample.name === `${family.name}_bucket`;
  if (!mayHaveOne) throw new Error(`an exemplar stands on a counter or a bucket, not on ${sample.name}`);
  const { labels, value, timestamp } = exemplar;
  let characters = 0;
  const pairs = Object.entries(labels).map(([label, labelValue]) => {
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label))
      throw new Error(`the label ${JSON.stringify(label)} of an exemplar of ${sample.name} is none`);
    const written = String(labelValue);
    // Prometheus 3.16 reads it in a label, but not in that of an exemplar, and refuses the whole page.
    if (written.includes('\0')) throw new Error(`the label ${label} of an exemplar of ${sample.name} has a NUL in it`);
    characters += [...label, ...written].length;
    return `${label}="${escapeLabelValue(written)}"`;
  });
  if (characters > maxLabelCharacters)
    throw new Error(
      `the labels of an exemplar of ${sample.name} have ${characters} characters; ${maxLabelCharacters} are allowed`,
    );
  if (typeof value !== 'number' || !Number.isFinite(timestamp))
    throw new Error(`an exemplar of ${sample.name} has a number as value and Unix seconds as timestamp`);
  return ` # {${pairs.join(',')}} ${formatNumber(value)} ${timestamp}`;
}
