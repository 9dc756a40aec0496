import { hourOf, nanosInHour } from './run.ts';
import { decodeSamples } from './sample-codec.ts';
import { createSampleColumns, type SampleColumns } from './sample-columns.ts';
import { compareTimes, copyRow } from './time-order.ts';

/** A run that is in the ledger, as far as its times matter. */
export interface CoveredRun {
  readonly hour: number;
  /** Nanoseconds since the hour began: of the first and of the last sample. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly customerId: string;
  /** The samples of a short run, encoded; `undefined` for a long one and for a single sample. */
  readonly samples: Uint8Array | undefined;
}

/** Samples in time order that become runs; `isShort` keeps each of them. */
export interface Piece {
  readonly customerId: string;
  readonly samples: SampleColumns;
  readonly from: number;
  readonly to: number;
  readonly isShort: boolean;
}

/** What becomes of samples that come among others. */
export interface Placement {
  readonly accepted: number;
  readonly duplicates: number;
  /** Runs that are replaced, since samples have come between theirs: their own samples are in the pieces. */
  readonly replaced: readonly CoveredRun[];
  readonly pieces: readonly Piece[];
}

/**
 * Places samples in time order among the runs that are there, which are in time order too and do not overlap.
 *
 * A long run covers the whole of its time; a short one the times of its samples. A sample at a covered time is a duplicate.
 */
export function placeSamples(samples: SampleColumns, customerId: string, covered: readonly CoveredRun[]): Placement {
  const pieces: Piece[] = [];
  const replaced: CoveredRun[] = [];
  let accepted = 0;
  let row = 0;

  /** Goes on to the first sample that is after a moment. */
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

  for (const run of covered) {
    takeNew(advance((at) => isBefore(samples, at, run.hour, run.first)));
    const inside = advance((at) => !isAfter(samples, at, run.hour, run.last));
    if (inside === row || run.samples === undefined) continue;
    const known = decodeSamples(run.samples, run.count, run.hour);
    const merged = mergeInto(known, run.customerId, samples, inside, row - 1, customerId);
    if (merged.added === 0) continue;
    accepted += merged.added;
    replaced.push(run);
    pieces.push(...merged.pieces);
  }
  takeNew(advance(() => true));
  return { accepted, duplicates: samples.length - accepted, replaced, pieces };
}

/** Merges samples with known ones. Where both have a time, the known one stays. */
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
  // The last known sample is the last moment of its run, so nothing comes after it.
  return {
    added,
    pieces: pieces.map((piece) => ({ ...piece, from: 0, to: piece.samples.length - 1, isShort: true })),
  };
}

function isBefore(samples: SampleColumns, row: number, hour: number, nanos: number): boolean {
  const own = hourOf(samples, row);
  return own === hour ? nanosInHour(samples, row, hour) < nanos : own < hour;
}

function isAfter(samples: SampleColumns, row: number, hour: number, nanos: number): boolean {
  const own = hourOf(samples, row);
  return own === hour ? nanosInHour(samples, row, hour) > nanos : own > hour;
}
