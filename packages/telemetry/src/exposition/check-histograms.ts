import type { SeriesLine } from './series-line.ts';
import type { TimeSlices } from './time-slices.ts';

/** What has been seen of one histogram of a family. */
interface SeenHistogram {
  edge: number;
  inBucket: number;
  total: number | undefined;
}

/**
 * Checks that each histogram of a family adds up: its buckets rise, the last one is `+Inf`, and has the count.
 *
 * @throws Error that says in which histogram what is wrong.
 */
export async function checkHistograms(
  name: string,
  values: readonly number[],
  lines: readonly SeriesLine[],
  slices: TimeSlices,
): Promise<void> {
  const histograms = new Map<string, SeenHistogram>();
  let last: SeenHistogram | undefined;
  for (const [index, { group, edge, sampleName }] of lines.entries()) {
    // The samples of a histogram nearly always follow one another.
    const isNext = last !== undefined && lines[index - 1]?.group === group;
    const seen: SeenHistogram = (isNext ? last : histograms.get(group)) ?? nothingSeen();
    if (!isNext) histograms.set(group, seen);
    last = seen;
    const value = values[index] ?? Number.NaN;
    if (edge !== undefined) {
      if (edge <= seen.edge) throw new Error(`${lines[index]?.text}does not have a higher edge than the bucket before`);
      if (value < seen.inBucket)
        throw new Error(`${lines[index]?.text}counts ${value}, and the bucket before ${seen.inBucket}`);
      seen.edge = edge;
      seen.inBucket = value;
    } else if (sampleName === `${name}_count`) seen.total = value;
    if (slices.isOver()) await slices.next();
  }
  for (const [group, { edge, inBucket, total }] of histograms) {
    if (edge !== Number.POSITIVE_INFINITY)
      throw new Error(`the histogram ${name}${group} has no bucket with le="+Inf"`);
    if (total !== inBucket)
      throw new Error(`the histogram ${name}${group} has ${inBucket} in le="+Inf" and ${total ?? 'no'} as its count`);
  }
}

function nothingSeen(): SeenHistogram {
  return { edge: Number.NEGATIVE_INFINITY, inBucket: 0, total: undefined };
}
