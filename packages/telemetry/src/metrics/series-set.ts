import {
  anyValue,
  defaultMaxSeries,
  type InstrumentDefinition,
  knownLabelSets,
  type LabelSchema,
  type LabelSet,
} from '../definitions/definition.ts';
import { createLabelTree } from './label-tree.ts';

/** The label value of overflow series. */
const overflowValue = 'overflow';

/** One label set of a metric. */
export interface Series {
  readonly labels: LabelSet;
  /** Whether it is on the page. A series that was removed, or never had room, forwards its recordings. */
  isLive: boolean;
}

/** The series of one metric, up to its limit. */
export interface SeriesSet<Own extends Series> extends Iterable<Own> {
  /** The series for recordings of a label set: its own, made if there is room, or the overflow series. */
  forRecording(labels: LabelSet): Own;
  /** The series of a label set, to keep. Without room it is not live, and checks for room at each recording. */
  bind(labels: LabelSet): Own;
  /** Removes the series of a label set and makes room. */
  remove(labels: LabelSet): void;
  /** Recordings that went to an overflow series because their label set had no room. */
  readonly overflowed: number;
}

/**
 * Makes the series of a metric. Those whose label values are all listed in the definition exist at once.
 *
 * An overflow series keeps listed label values and has `overflow` for all others, so that a sum by a listed label stays correct.
 * Overflow series do not count towards the limit: listed values limit their number.
 */
export function createSeriesSet<Own extends Series>(
  { name, labels: schema = {}, maxSeries = defaultMaxSeries }: InstrumentDefinition,
  create: (labels: LabelSet, set: SeriesSet<Own>) => Own,
): SeriesSet<Own> {
  const labelNames = Object.keys(schema);
  const tree = createLabelTree<Own>(labelNames);
  const all = new Set<Own>();
  const overflow = new Set<Own>();
  let overflowed = 0;

  const add = (labels: LabelSet) => {
    const series = create(labels, set);
    series.isLive = true;
    tree.put(labels, series);
    all.add(series);
    return series;
  };
  /** @param labels - complete */
  const findOrAdd = (labels: LabelSet) =>
    tree.find(labels) ?? (all.size - overflow.size < maxSeries ? add(labels) : undefined);
  const overflowSeries = (labels: LabelSet) => {
    overflowed += 1;
    const shared = overflowLabels(schema, labels);
    const found = tree.find(shared);
    if (found !== undefined) return found;
    const added = add(shared);
    overflow.add(added);
    return added;
  };

  const set: SeriesSet<Own> = {
    forRecording(labels) {
      const found = tree.find(labels);
      if (found !== undefined) return found;
      const complete = completeLabels(name, labelNames, labels);
      return findOrAdd(complete) ?? overflowSeries(complete);
    },
    bind(labels) {
      const found = tree.find(labels);
      if (found !== undefined) return found;
      const complete = completeLabels(name, labelNames, labels);
      return findOrAdd(complete) ?? create(complete, set);
    },
    remove(labels) {
      const series = tree.find(completeLabels(name, labelNames, labels));
      if (series === undefined) return;
      series.isLive = false;
      tree.remove(series.labels);
      all.delete(series);
      overflow.delete(series);
    },
    get overflowed() {
      return overflowed;
    },
    [Symbol.iterator]: () => all.values(),
  };
  for (const labels of knownLabelSets(schema)) add(labels);
  return set;
}

function overflowLabels(schema: LabelSchema, labels: LabelSet): LabelSet {
  return Object.fromEntries(
    Object.entries(schema).map(([name, values]) => {
      const value = labels[name];
      const isListed = value !== undefined && values !== anyValue && values.includes(value);
      return [name, isListed ? value : overflowValue];
    }),
  );
}

/**
 * Returns a label set in the order of the definition, and converts values of other types, from untyped callers, to strings.
 *
 * @throws TypeError when a label is missing or is not one of the metric's, because the recording would go to another series.
 */
function completeLabels(metric: string, names: readonly string[], labels: Readonly<Record<string, unknown>>): LabelSet {
  const refuse = (problem: string) => {
    throw new TypeError(`${metric}: ${problem}; its labels are ${names.join(', ') || 'none'}`);
  };
  for (const name of Object.keys(labels)) if (!names.includes(name)) refuse(`it has no label ${name}`);
  return Object.fromEntries(
    names.map((name) => {
      const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
      if (value === undefined || value === null) refuse(`the label ${name} is missing`);
      return [name, typeof value === 'string' ? value : String(value)];
    }),
  );
}
