/** Consecutive integers, both ends included. */
export interface SequenceRange {
  readonly first: number;
  readonly last: number;
}

/** Integers as ascending ranges that do not touch. The lines of a process that lost none are one range. */
export type Sequences = readonly SequenceRange[];

/** Sequences to which numbers can be added. */
export interface GrowingSequences {
  readonly ranges: Sequences;
  add(number: number): void;
  addAll(other: Sequences): void;
}

/** Creates empty sequences. Adding the next number, by far the most frequent case, needs no search. */
export function createSequences(): GrowingSequences {
  const ranges: { first: number; last: number }[] = [];
  return {
    ranges,
    addAll(other) {
      const all = unite([...ranges, ...other]);
      ranges.length = 0;
      for (const range of all) ranges.push({ ...range });
    },
    add(number) {
      const newest = ranges.at(-1);
      if (newest !== undefined && number === newest.last + 1) {
        newest.last = number;
        return;
      }
      const index = indexOf(ranges, number);
      const [before, at] = [ranges[index - 1], ranges[index]];
      if (at !== undefined && at.first <= number) return;
      const joinsBefore = before !== undefined && before.last === number - 1;
      const joinsAt = at !== undefined && at.first === number + 1;
      if (joinsBefore && joinsAt) {
        before.last = at.last;
        ranges.splice(index, 1);
      } else if (joinsBefore) before.last = number;
      else if (joinsAt) at.first = number;
      else ranges.splice(index, 0, { first: number, last: number });
    },
  };
}

/** Index of the first range that ends at or after the number. */
function indexOf(ranges: Sequences, number: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.last ?? 0) < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether the ranges contain a number. */
export function includes(ranges: Sequences, number: number): boolean {
  const range = ranges[indexOf(ranges, number)];
  return range !== undefined && range.first <= number;
}

/** How many numbers the ranges contain. */
export function countOf(ranges: Sequences): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** The union of ranges. @param ranges in any order; they may overlap */
export function unite(ranges: readonly SequenceRange[]): Sequences {
  const joined: { first: number; last: number }[] = [];
  for (const { first, last } of ranges.toSorted((one, other) => one.first - other.first)) {
    const previous = joined.at(-1);
    if (previous !== undefined && first <= previous.last + 1) previous.last = Math.max(previous.last, last);
    else joined.push({ first, last });
  }
  return joined;
}

/** The numbers of `from` that are not in `other`. */
export function subtract(from: Sequences, other: Sequences): Sequences {
  const left: SequenceRange[] = [];
  for (const { first, last } of from) {
    let next = first;
    for (let index = indexOf(other, first); next <= last; index++) {
      const taken = other[index];
      if (taken === undefined || taken.first > last) {
        left.push({ first: next, last });
        break;
      }
      if (taken.first > next) left.push({ first: next, last: taken.first - 1 });
      next = taken.last + 1;
    }
  }
  return left;
}

/** The numbers up to and including `end`. */
export function upTo(ranges: Sequences, end: number): Sequences {
  return ranges.flatMap(({ first, last }) => (first > end ? [] : [{ first, last: Math.min(last, end) }]));
}

/** Formats ranges for people: `3, 7-12`. */
export function formatSequences(ranges: Sequences): string {
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}

/** Parses the output of `formatSequences`. @returns no ranges for any other text; empty ranges are left out */
export function parseSequences(text: string): Sequences {
  if (!/^\d+(-\d+)?(, \d+(-\d+)?)*$/.test(text)) return [];
  return unite(
    text.split(', ').flatMap((range) => {
      const [first = 0, last = first] = range.split('-').map(Number);
      return first > 0 && first <= last && Number.isSafeInteger(last) ? [{ first, last }] : [];
    }),
  );
}

/** Numbers of lines that a process reports as lost; all are below that of the report. @param sequence number of the report */
export function parseLost(text: string, sequence: number): Sequences {
  return upTo(parseSequences(text), sequence - 1);
}
