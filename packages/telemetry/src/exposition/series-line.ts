import type { FamilyHeader, MetricType, Sample } from './family.ts';
import { declaredName, isUsableLabelName } from './names.ts';
import { escapeLabelValue, formatFloat, formatNumber } from './values.ts';

/** The line of a series without its value. It is made once and reused at every scrape. */
export interface SeriesLine {
  readonly sampleName: string;
  readonly labelNames: readonly string[];
  readonly labelValues: readonly unknown[];
  /** Name and labels, with the space before the value, in the text format. */
  readonly text: string;
  /** The same in OpenMetrics. */
  readonly openMetrics: string;
  /** Equal for two samples that are one series to Prometheus, whatever the order of their labels. */
  readonly identity: string;
  /** Equal for all samples of one histogram; empty in other types. */
  readonly group: string;
  /** Upper edge of a bucket, or a quantile. */
  readonly edge: number | undefined;
}

/** Whether a sample belongs on a line that was made earlier. */
export function isLineOf(line: SeriesLine, { name, labels }: Sample): boolean {
  if (line.sampleName !== name) return false;
  const { labelNames, labelValues } = line;
  let index = 0;
  for (const label in labels) {
    if (labelNames[index] !== label || labelValues[index] !== labels[label]) return false;
    index += 1;
  }
  return index === labelNames.length;
}

/**
 * Makes the line of a sample.
 *
 * @param before the previous line, whose list of label names is reused if it is equal
 * @throws Error when the sample does not belong to the family or a label is invalid.
 */
export function makeLine(family: FamilyHeader, sample: Sample, before: SeriesLine | undefined): SeriesLine {
  const labelNames = Object.keys(sample.labels);
  const labelValues = Object.values(sample.labels);
  const edgeLabel = edgeLabelOf(family, sample);
  const edge = edgeLabel === undefined ? undefined : readEdge(edgeLabel, sample.labels[edgeLabel]);
  const pairs: string[] = [];
  const openMetricsPairs: string[] = [];
  const identifyingPairs: string[] = [];
  for (const [index, label] of labelNames.entries()) {
    const value = labelValues[index];
    const isEdge = label === edgeLabel;
    if (!isEdge) checkLabelName(label, family.type);
    const number = isEdge ? edge : value;
    const pair = `${label}="${typeof number === 'number' ? formatNumber(number) : escapeLabelValue(String(value))}"`;
    pairs.push(pair);
    openMetricsPairs.push(isEdge && edge !== undefined ? `${label}="${formatFloat(edge)}"` : pair);
    // Prometheus ignores a label with an empty value.
    if (!isEdge && value !== '') identifyingPairs.push(pair);
  }
  const openMetricsName = family.type === 'counter' ? `${declaredName(family)}_total` : sample.name;
  const text = flatten(`${sample.name}${inBraces(pairs)} `);
  const openMetrics = `${openMetricsName}${inBraces(openMetricsPairs)} `;
  const group = inBraces(identifyingPairs.sort());
  const identity = `${openMetricsName}${group} ${edge ?? ''}`;
  return {
    sampleName: sample.name,
    labelNames: before !== undefined && areEqual(before.labelNames, labelNames) ? before.labelNames : labelNames,
    labelValues,
    text,
    // The two are nearly always equal; one string then serves both.
    openMetrics: openMetrics === text ? text : flatten(openMetrics),
    identity: identity === text ? text : identity,
    group: family.type === 'histogram' ? group : '',
    edge,
  };
}

/** Suffixes of the samples of a type, and the numeric label that the sample with the suffix has. */
const sampleKinds: Readonly<Record<MetricType, ReadonlyMap<string, 'le' | 'quantile' | undefined>>> = {
  counter: new Map([['', undefined]]),
  gauge: new Map([['', undefined]]),
  unknown: new Map([['', undefined]]),
  histogram: new Map([
    ['_bucket', 'le'],
    ['_sum', undefined],
    ['_count', undefined],
  ]),
  summary: new Map([
    ['', 'quantile'],
    ['_sum', undefined],
    ['_count', undefined],
  ]),
};

/** All types of metrics. */
export const metricTypes: readonly unknown[] = Object.keys(sampleKinds);

/** Whether both formats have this type of metric. */
export function isMetricType(type: unknown): type is MetricType {
  return metricTypes.includes(type);
}

function edgeLabelOf({ name, type }: FamilyHeader, sample: Sample): 'le' | 'quantile' | undefined {
  const kinds = sampleKinds[type];
  const kind = sample.name.slice(name.length);
  if (sample.name.startsWith(name) && kinds.has(kind)) return kinds.get(kind);
  const allowed = [...kinds.keys()].map((suffix) => `${name}${suffix}`).join(', ');
  throw new Error(
    `the sample ${JSON.stringify(sample.name)} does not belong to the ${type}; its samples are named ${allowed}`,
  );
}

function readEdge(label: 'le' | 'quantile', value: unknown): number {
  const edge = value === '+Inf' ? Number.POSITIVE_INFINITY : toNumber(value);
  const isAllowed = label === 'le' ? !Number.isNaN(edge) : edge >= 0 && edge <= 1;
  if (value !== undefined && isAllowed) return edge;
  const allowed = label === 'le' ? 'a number' : 'a number from 0 to 1';
  throw new Error(`the label ${label} is ${JSON.stringify(value) ?? 'missing'}; it must be ${allowed}`);
}

function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}

/** The label that has a meaning in a type of metric, and is allowed only on the samples that need it. */
const ownLabels: Readonly<Partial<Record<MetricType, string>>> = { histogram: 'le', summary: 'quantile' };

function checkLabelName(label: string, type: MetricType): void {
  if (!isUsableLabelName(label))
    throw new Error(
      `invalid label name ${JSON.stringify(label)}: use letters, digits and _, and begin with neither a digit nor __`,
    );
  if (label === ownLabels[type]) throw new Error(`the label ${label} is not allowed on sums and counts`);
}

function inBraces(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function areEqual(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((item, index) => item === others[index]);
}

/** Joins a string for good: V8 keeps the parts until a character is read, and a line is copied often. */
function flatten(joined: string): string {
  joined.charCodeAt(0);
  return joined;
}
