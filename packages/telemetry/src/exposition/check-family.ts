import { messageOf } from '@vmobs/settings';
import { writeExemplar } from './exemplar.ts';
import type { FamilyHeader, MetricFamily, RenderedFamily, Sample } from './family.ts';
import { isMetricName } from './names.ts';
import { isLineOf, isMetricType, makeLine, metricTypes, type SeriesLine } from './series-line.ts';
import type { TimeSlices } from './time-slices.ts';

/** A family that was checked: it makes a valid part of a page. */
export interface CheckedFamily extends FamilyHeader {
  readonly values: readonly number[];
  /** The line of each value. */
  readonly lines: readonly SeriesLine[];
  /** The text after the value of a sample, by the sample's position. */
  readonly exemplars: ReadonlyMap<number, string>;
  /** Lines as bytes, in place of values. */
  readonly blocks?: Iterable<Uint8Array>;
  /** Number of series, if it is known before they are written. */
  readonly seriesCount: number | undefined;
}

/** What checking a family needs. */
export interface CheckOptions {
  /** The lines of the family at the last scrape; those that are unchanged are reused. */
  readonly knownLines?: readonly SeriesLine[];
  readonly slices: TimeSlices;
  /** Called with the error of an invalid exemplar; its sample is served without it. */
  readonly onError: (error: Error) => void;
}

/**
 * Reads and checks a family.
 *
 * @throws Error when a sample would make the page invalid, such as a duplicate series.
 */
export async function checkFamily(
  family: MetricFamily | RenderedFamily,
  { knownLines = [], slices, onError }: CheckOptions,
): Promise<CheckedFamily> {
  const { name, help, type } = family;
  if (!isMetricName(name))
    throw new Error('invalid metric name: use letters, digits, _ and :, and do not begin with a digit');
  if (!isMetricType(type)) throw new Error(`unknown metric type ${String(type)}; use one of ${metricTypes.join(', ')}`);
  const header = { name, help: String(help), type };
  if ('blocks' in family) return checkRendered(header, family, slices);

  // Samples are not kept: their owner may yield the same object each time.
  const values: number[] = [];
  const lines: SeriesLine[] = [];
  const exemplars = new Map<number, string>();
  let isKnown = true;
  for (const sample of family.samples) {
    checkValue(header, sample);
    const index = values.length;
    const known = knownLines[index];
    const isSame = known !== undefined && isLineOf(known, sample);
    isKnown &&= isSame;
    values.push(sample.value);
    lines.push(isSame ? known : makeLine(header, sample, lines[index - 1]));
    if (sample.exemplar !== undefined) {
      try {
        exemplars.set(index, writeExemplar(header, sample, sample.exemplar));
      } catch (error) {
        onError(new Error(`metric ${name}: an exemplar is left out: ${messageOf(error)}`, { cause: error }));
      }
    }
    // Never pause within a histogram or a summary: its samples must agree, and the count is its last one.
    const isBetween = type === 'histogram' || type === 'summary' ? sample.name.endsWith('_count') : true;
    if (isBetween && slices.isOver()) await slices.next();
  }
  if (type === 'histogram') await checkHistograms(name, values, lines, slices);
  // Lines of the last scrape were compared with each other then.
  if (!isKnown) await refuseDuplicates(values, lines, slices);
  return { ...header, values, lines, exemplars, seriesCount: values.length };
}

/** Takes a family of bytes unchanged. Blocks that can be iterated only once are copied now, for the pages that share them. */
async function checkRendered(
  header: FamilyHeader,
  { blocks, seriesCount }: RenderedFamily,
  slices: TimeSlices,
): Promise<CheckedFamily> {
  // Its lines serve both formats, and OpenMetrics requires the suffix.
  if (header.type === 'counter' && !header.name.endsWith('_total'))
    throw new Error('the name of a rendered counter ends in _total');
  const common = { ...header, values: [], lines: [], exemplars: new Map<number, string>(), seriesCount };
  if (!('next' in blocks)) return { ...common, blocks };
  const copies: Uint8Array[] = [];
  for (const block of blocks) {
    copies.push(Uint8Array.from(block));
    if (slices.isOver()) await slices.next();
  }
  return { ...common, blocks: copies };
}

function checkValue({ name, type }: FamilyHeader, sample: Sample): void {
  const { value } = sample;
  if (typeof value !== 'number') throw new Error(`the value of ${sample.name} is ${String(value)}, not a number`);
  // A gauge may have any value. A strict parser refuses a page with a negative count.
  if (value >= 0 || type === 'gauge' || type === 'unknown') return;
  if (type === 'counter' || sample.name === `${name}_bucket` || sample.name === `${name}_count`)
    throw new Error(`${describe(sample)} is ${value}; a count is 0 or more`);
}

async function refuseDuplicates(
  values: readonly number[],
  lines: readonly SeriesLine[],
  slices: TimeSlices,
): Promise<void> {
  const seen = new Set<string>();
  for (const [index, { identity }] of lines.entries()) {
    if (seen.has(identity)) {
      const first = lines.findIndex((line) => line.identity === identity);
      throw new Error(
        `duplicate series ${lines[index]?.text.trimEnd()}: sample ${first + 1} with the value ${values[first]} ` +
          `and sample ${index + 1} with the value ${values[index]}`,
      );
    }
    seen.add(identity);
    if (slices.isOver()) await slices.next();
  }
}

function describe({ name, labels }: Sample): string {
  return `${name}${JSON.stringify(labels)}`;
}

/** The part of a histogram that was checked so far. */
interface SeenHistogram {
  edge: number;
  inBucket: number;
  total: number | undefined;
}

/**
 * Checks each histogram of a family: bucket edges and counts rise, and the last bucket is `+Inf` and equals the count.
 *
 * @throws Error that names the histogram and what is wrong with it.
 */
async function checkHistograms(
  name: string,
  values: readonly number[],
  lines: readonly SeriesLine[],
  slices: TimeSlices,
): Promise<void> {
  const histograms = new Map<string, SeenHistogram>();
  let last: SeenHistogram | undefined;
  for (const [index, { group, edge, sampleName }] of lines.entries()) {
    // The samples of a histogram are nearly always adjacent.
    const isNext = last !== undefined && lines[index - 1]?.group === group;
    const seen: SeenHistogram = (isNext ? last : histograms.get(group)) ?? nothingSeen();
    if (!isNext) histograms.set(group, seen);
    last = seen;
    const value = values[index] ?? Number.NaN;
    if (edge !== undefined) {
      if (edge <= seen.edge) throw new Error(`${lines[index]?.text}has no higher edge than the bucket before it`);
      if (value < seen.inBucket)
        throw new Error(
          `${lines[index]?.text}has the count ${value}, less than ${seen.inBucket} of the bucket before it`,
        );
      seen.edge = edge;
      seen.inBucket = value;
    } else if (sampleName === `${name}_count`) seen.total = value;
    if (slices.isOver()) await slices.next();
  }
  for (const [group, { edge, inBucket, total }] of histograms) {
    if (edge !== Number.POSITIVE_INFINITY)
      throw new Error(`the histogram ${name}${group} has no bucket with le="+Inf"`);
    if (total !== inBucket)
      throw new Error(`the histogram ${name}${group} has ${inBucket} in le="+Inf" and the count ${total ?? 'missing'}`);
  }
}

function nothingSeen(): SeenHistogram {
  return { edge: Number.NEGATIVE_INFINITY, inBucket: 0, total: undefined };
}
