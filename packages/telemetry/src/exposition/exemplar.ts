import type { Exemplar, FamilyHeader, Sample } from './family.ts';
import { isLabelName } from './names.ts';
import { escapeLabelValue, formatNumber } from './values.ts';

/** OpenMetrics limits the label names and values of an exemplar to this many characters together. */
const maxLabelCharacters = 128;

/**
 * Writes the text after the value of a sample with an exemplar.
 *
 * @throws Error when the sample may have no exemplar, or the exemplar is invalid.
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#exemplars
 */
export function writeExemplar(family: FamilyHeader, sample: Sample, exemplar: Exemplar): string {
  const mayHaveOne = family.type === 'counter' || sample.name === `${family.name}_bucket`;
  if (!mayHaveOne) throw new Error(`only a counter or a bucket may have an exemplar, and ${sample.name} is neither`);
  const { labels, value, timestamp } = exemplar;
  let characters = 0;
  const pairs = Object.entries(labels).map(([label, labelValue]) => {
    if (!isLabelName(label))
      throw new Error(`invalid label name ${JSON.stringify(label)} in an exemplar of ${sample.name}`);
    const written = String(labelValue);
    // Prometheus 3.16 accepts NUL in other labels, but here it refuses the whole page.
    if (written.includes('\0')) throw new Error(`the label ${label} of an exemplar of ${sample.name} contains NUL`);
    characters += [...label, ...written].length;
    return `${label}="${escapeLabelValue(written)}"`;
  });
  if (characters > maxLabelCharacters)
    throw new Error(
      `the labels of an exemplar of ${sample.name} have ${characters} characters; ${maxLabelCharacters} are allowed`,
    );
  if (typeof value !== 'number' || !Number.isFinite(timestamp))
    throw new Error(`an exemplar of ${sample.name} needs a number as value and Unix seconds as timestamp`);
  return ` # {${pairs.join(',')}} ${formatNumber(value)} ${timestamp}`;
}
