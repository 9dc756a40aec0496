import { decodeSamples } from './sample-codec.ts';
import { compareTimes, copyRow, createSampleColumns, type SampleColumns } from './sample-columns.ts';
import type { Piece } from './segment.ts';
import { isAfter, timeAt } from './time.ts';

/** What a stored segment covers. */
export interface CoveredSegment {
  readonly hour: number;
  /** Nanoseconds in the hour of the first and of the last sample. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly customerId: string;
  /** The samples of a short segment, encoded; `undefined` for one with full coverage: a long one, or a single sample. */
  readonly samples: Uint8Array | undefined;
}

/** The result of merging late samples. */
export interface Merge {
  readonly accepted: number;
  readonly duplicates: number;
  /** Segments that are replaced, because new samples lie between their samples. The pieces contain both. */
  readonly replaced: readonly CoveredSegment[];
  readonly pieces: readonly Piece[];
}

/**
 * Merges sorted samples with the stored segments, which are sorted too and do not overlap.
 *
 * A long segment has full coverage, of its whole time; a short one covers the times of its samples. A sample at a covered
 * time is a duplicate.
 */
export function mergeSamples(samples: SampleColumns, customerId: string, covered: readonly CoveredSegment[]): Merge {
  const pieces: Piece[] = [];
  const replaced: CoveredSegment[] = [];
  let accepted = 0;
  let row = 0;

  /** Advances to the first row that has not passed. Returns the row where it started. */
  function advance(isPassed: (row: number) => boolean): number {
    const start = row;
    while (row < samples.length && isPassed(row)) row++;
    return start;
  }
  function takeNew(from: number): void {
    if (from === row) return;
    pieces.push({ customerId, samples, from, to: row - 1, isShort: false });
    accepted += row - from;
  }

  for (const segment of covered) {
    const first = { hour: segment.hour, nanos: segment.first };
    const last = { hour: segment.hour, nanos: segment.last };
    takeNew(advance((at) => isAfter(first, timeAt(samples, at))));
    const inside = advance((at) => !isAfter(timeAt(samples, at), last));
    if (inside === row || segment.samples === undefined) continue;
    const known = decodeSamples(segment.samples, segment.count, segment.hour);
    const merged = mergeInto(known, segment.customerId, samples, inside, row - 1, customerId);
    if (merged.added === 0) continue;
    accepted += merged.added;
    replaced.push(segment);
    pieces.push(...merged.pieces);
  }
  takeNew(advance(() => true));
  return { accepted, duplicates: samples.length - accepted, replaced, pieces };
}

/** Merges samples with stored ones. Where both have a sample at the same time, the stored one wins. */
function mergeInto(
  known: SampleColumns,
  knownCustomer: string,
  samples: SampleColumns,
  from: number,
  to: number,
  customerId: string,
): { added: number; pieces: Piece[] } {
  const room = known.length + to - from + 1;
  const pieces: { customerId: string; samples: SampleColumns }[] = [];
  const put = (owner: string, source: SampleColumns, row: number) => {
    let piece = pieces.at(-1);
    if (piece?.customerId !== owner) {
      piece = { customerId: owner, samples: createSampleColumns(room) };
      pieces.push(piece);
    }
    copyRow(source, row, piece.samples);
  };
  let added = 0;
  let row = from;
  for (let at = 0; at < known.length; at++) {
    for (; row <= to && compareTimes(samples, row, known, at) < 0; row++, added++) put(customerId, samples, row);
    if (row <= to && compareTimes(samples, row, known, at) === 0) row++;
    put(knownCustomer, known, at);
  }
  // The last stored sample is the end of its segment, so no new sample comes after it.
  return {
    added,
    pieces: pieces.map((piece) => ({ ...piece, from: 0, to: piece.samples.length - 1, isShort: true })),
  };
}
