/** The last key of each line: its number. */
const sequenceKey = 'log.seq';

/** Key of the process that wrote a line: the attribute of OpenTelemetry's semantic conventions. */
export const instanceKey = 'service.instance.id';

const beforeNumber = `,"${sequenceKey}":`;

/**
 * Makes the function that numbers the lines of one process: 1, 2, 3 and so on, without gaps. The number is the last key of a
 * line, as in `{"level":"info","msg":"ready","log.seq":7}`: appending it needs no parsing, and readers find it at the end.
 *
 * It runs after everything that can fail or change a line, so that a missing number is a lost line. Text that is not a JSON
 * object stays unchanged.
 */
export function createLineNumbers(): (line: string) => string {
  let last = 0;
  return (line) => {
    if (!line.endsWith('}\n')) return line;
    last += 1;
    return `${line.slice(0, -2)}${beforeNumber}${last}}\n`;
  };
}

/** The number of a line, `undefined` if it has none. */
export function sequenceOf(line: string): number | undefined {
  const number = /^,"log\.seq":(\d+)\}\n?$/.exec(line.slice(line.lastIndexOf(beforeNumber)))?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Numbers of the lines that a destination has lost since the last report. */
export interface LostSequences {
  add(lines: readonly string[]): void;
  /** Returns the numbers, such as `12, 20-25`, and forgets them; empty when no line was lost. */
  report(): string;
}

/** Largest number of ranges in a report. If every second line is lost, each one makes a range. */
const maxRanges = 100;

/** A report in a line, as `createLogOutputs` writes it. */
const reportInLine = /"destination":"(\w+)","lost_lines":\d+,"lost_sequences":"([\d, -]+)"/;

/**
 * Makes the record of lost lines, in bounded memory: beyond 100 ranges, the last one covers the rest. If a report itself is
 * lost, the next one includes its numbers.
 *
 * @param destination whose reports are recognized among the lost lines
 */
export function createLostSequences(destination: string): LostSequences {
  let ranges: Range[] = [];

  function addRange(first: number, last: number): void {
    const range = ranges.at(-1);
    if (range === undefined || (first !== range.last + 1 && ranges.length < maxRanges)) {
      ranges.push({ first, last });
    } else {
      range.first = Math.min(range.first, first);
      range.last = Math.max(range.last, last);
    }
  }

  return {
    add(lines) {
      for (const line of lines) {
        const sequence = sequenceOf(line);
        if (sequence === undefined) continue;
        const [, about, told = ''] = line.includes('"lost_sequences":"') ? (reportInLine.exec(line) ?? []) : [];
        for (const range of about === destination ? told.split(', ') : []) {
          const [first = Number.NaN, last = first] = range.split('-').map(Number);
          // A real report only has earlier numbers; a caller may have written this text.
          if (first <= last && last < sequence) addRange(first, last);
        }
        addRange(sequence, sequence);
      }
    },
    report() {
      const text = joinNeighbours(ranges)
        .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
        .join(', ');
      ranges = [];
      return text;
    },
  };
}

interface Range {
  first: number;
  last: number;
}

/** The same numbers in ascending ranges that do not touch. */
function joinNeighbours(ranges: readonly Range[]): readonly Range[] {
  const joined: Range[] = [];
  for (const range of ranges.toSorted((one, other) => one.first - other.first)) {
    const previous = joined.at(-1);
    if (previous !== undefined && range.first <= previous.last + 1) previous.last = Math.max(previous.last, range.last);
    else joined.push({ ...range });
  }
  return joined;
}
