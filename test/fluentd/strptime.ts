/** An instant as Fluentd keeps it. */
export interface EventTime {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  /** From 0 to 999 999 999. */
  readonly nanoseconds: number;
}

/** Each conversion: what it matches. */
const conversions: Readonly<Record<string, string>> = {
  Y: '(?<Y>\\d{4})',
  m: '(?<m>\\d{1,2})',
  d: '(?<d>\\d{1,2})',
  H: '(?<H>\\d{1,2})',
  M: '(?<M>\\d{1,2})',
  S: '(?<S>\\d{1,2})',
  N: '(?<N>\\d{1,9})',
  z: '(?<z>Z|[+-]\\d{2}:?\\d{2})',
};

/** Without one of these there is no instant. */
const needed = ['Y', 'm', 'd', 'H', 'M', 'S', 'z'];

/**
 * Makes a reader of times in this form, like the strptime of Fluentd's `time_format`.
 *
 * What it reads, the gem strptime 0.2.5 that Fluentd uses reads to the same instant. It refuses more: where the gem guesses
 * (text behind the time, 30 February, a tenth digit of the fraction), a log that came to that is broken. A `Z` for the offset is
 * read as UTC, as the gem does.
 *
 * @throws Error for a conversion other than `%Y %m %d %H %M %S %N %z`, one that is there twice, and a format without an instant.
 */
export function compileTimeFormat(format: string): (value: unknown) => EventTime {
  const used = [...format.matchAll(/%(.?)/g)].map(([, letter = '']) => letter);
  for (const [index, letter] of used.entries()) {
    if (conversions[letter] === undefined) {
      throw new Error(
        `time format "${format}": %${letter} is not known; there are %${Object.keys(conversions).join(' %')}`,
      );
    }
    if (used.indexOf(letter) !== index) throw new Error(`time format "${format}": %${letter} is there twice; keep one`);
  }
  const missing = needed.filter((letter) => !used.includes(letter));
  if (missing.length > 0) {
    throw new Error(`time format "${format}": %${missing.join(' %')} is missing; without it there is no instant`);
  }
  const pattern = format.split(/(%.)/).map((piece, index) => {
    return index % 2 === 1 ? conversions[piece.slice(1)] : RegExp.escape(piece);
  });
  const expression = new RegExp(`^${pattern.join('')}$`);
  return (value) => readTime(value, expression, format);
}

function readTime(value: unknown, expression: RegExp, format: string): EventTime {
  if (typeof value !== 'string') throw new Error(`a time must be a string, not the ${typeof value} ${value}`);
  const fields = expression.exec(value)?.groups;
  if (fields === undefined) throw new Error(`the time "${value}" does not have the form ${format}`);
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = needed.map((letter) =>
    Number(fields[letter]),
  );
  const local = new Date(Date.UTC(year, month - 1, day, hours, minutes, seconds));
  // A date that is not in the calendar rolls over into another one; a year below 100 is taken for one of the last century.
  const isReal =
    local.getUTCFullYear() === year &&
    local.getUTCMonth() === month - 1 &&
    local.getUTCDate() === day &&
    local.getUTCHours() === hours &&
    local.getUTCMinutes() === minutes &&
    local.getUTCSeconds() === seconds;
  if (!isReal) throw new Error(`the time "${value}" is in no calendar`);
  return {
    seconds: local.getTime() / 1_000 - offsetSeconds(fields['z'] ?? ''),
    nanoseconds: Number((fields['N'] ?? '').padEnd(9, '0')),
  };
}

/** Seconds that a place is ahead of UTC. */
function offsetSeconds(offset: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(offset) ?? ['', '+', '0', '0'];
  if (Number(hours) > 23 || Number(minutes) > 59) throw new Error(`the offset "${offset}" is more than a day has`);
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60);
}
