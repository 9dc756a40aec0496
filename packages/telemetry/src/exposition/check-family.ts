import { checkHistograms } from './check-histograms.ts';
import { writeExemplar } from './exemplar.ts';
import type { FamilyHeader, MetricFamily, RenderedFamily, Sample } from './family.ts';
import { isLineOf, isMetricType, makeLine, metricTypes, type SeriesLine } from './series-line.ts';
import type { TimeSlices } from './time-slices.ts';

/** A family that is known to make a valid part of a page. */
export interface CheckedFamily extends FamilyHeader {
  readonly values: readonly number[];
  /** The line of each value. */
  readonly lines: readonly SeriesLine[];
  /** What follows the value of a sample, by its position. */
  readonly exemplars: ReadonlyMap<number, string>;
  /** Instead of values, where they are bytes already. */
  readonly blocks?: Iterable<Uint8Array>;
  /** Number of series, where it is known before they are written. */
  readonly seriesCount: number | undefined;
}

/** What checking a family needs. */
export interface CheckOptions {
  /** The lines of the family at the last scrape; where they still are the same they are not made again. */
  readonly knownLines?: readonly SeriesLine[];
  readonly slices: TimeSlices;
  /** Is told of an exemplar that is not valid; its sample is served without it. */
  readonly onError: (error: Error) => void;
}

/**
 * Reads and checks a family.
 *
 * @throws Error when one of its samples would make the page invalid, such as a series that is there twice.
 */
export async function checkFamily(
  family: MetricFamily | RenderedFamily,
  { knownLines = [], slices, onError }: CheckOptions,
): Promise<CheckedFamily> {
  const { name, help, type } = family;
  if (typeof name !== 'string' || !/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name))
    throw new Error('the name of a metric has letters, digits, _ and :, and does not begin with a digit');
  if (!isMetricType(type)) throw new Error(`its type is ${String(type)}, and not ${metricTypes.join(', ')}`);
  const header = { name, help: String(help), type };
  if ('blocks' in family) return checkRendered(header, family, slices);

  // The samples are not kept: their owner may yield one object again and again.
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
        onError(new Error(`metric ${name}: an exemplar is left out: ${reasonOf(error)}`, { cause: error }));
      }
    }
    // Not within a histogram or a summary: its samples must agree, and end with the count.
    const isBetween = type === 'histogram' || type === 'summary' ? sample.name.endsWith('_count') : true;
    if (isBetween && slices.isOver()) await slices.next();
  }
  if (type === 'histogram') await checkHistograms(name, values, lines, slices);
  // Lines that are those of the last scrape have been compared with each other then.
  if (!isKnown) await refuseDuplicates(values, lines, slices);
  return { ...header, values, lines, exemplars, seriesCount: values.length };
}

/** Says in words why something failed. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A family of bytes is taken as it is; what cannot be iterated twice is read now, for the pages that share it. */
async function checkRendered(
  header: FamilyHeader,
  { blocks, seriesCount }: RenderedFamily,
  slices: TimeSlices,
): Promise<CheckedFamily> {
  // Its lines have one form for both formats, and in OpenMetrics this is the form of a counter.
  if (header.type === 'counter' && !header.name.endsWith('_total'))
    throw new Error('a counter that is rendered beforehand is named with its _total');
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
  if (typeof value !== 'number') throw new Error(`the value of ${sample.name} is ${String(value)}, and not a number`);
  // Gauges may be anything; the counts of the others may not, or a strict parser refuses the page.
  if (value >= 0 || type === 'gauge' || type === 'unknown') return;
  if (type === 'counter' || sample.name === `${name}_bucket` || sample.name === `${name}_count`)
    throw new Error(`${describe(sample)} is ${value}, and a count is 0 or more`);
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
        `the series ${lines[index]?.text.trimEnd()} is there twice: as sample ${first + 1} with the value ${values[first]} ` +
          `and as sample ${index + 1} with the value ${values[index]}`,
      );
    }
    seen.add(identity);
    if (slices.isOver()) await slices.next();
  }
}

function describe({ name, labels }: Sample): string {
  return `${name}${JSON.stringify(labels)}`;
}
