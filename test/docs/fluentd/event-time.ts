/** An instant as Fluentd keeps it. */
export interface EventTime {
  /** Whole seconds since 1970. */
  readonly seconds: number;
  /** From 0 to 999 999 999. */
  readonly nanoseconds: number;
}

/** The only `time_format` that is read here: the guide's. */
export const guideTimeFormat = '%Y-%m-%dT%H:%M:%S.%N%z';

const form = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\.(\d{1,9})(Z|[+-]\d{2}:?\d{2})$/;

/**
 * Reads a time in the guide's format. What it reads, the gem strptime 0.2.5 behind Fluentd's `time_format` reads to the same
 * instant; that guesses at more (a month of one digit, text behind the time), which no log here may need.
 *
 * @throws Error for a time that Fluentd drops the line for, and for those at which it guesses.
 */
export function readEventTime(value: unknown): EventTime {
  const [, second = '', fraction = '', offset = ''] = typeof value === 'string' ? (form.exec(value) ?? []) : [];
  const milliseconds = Date.parse(`${second}${offset.replace(/(\d{2}):?(\d{2})$/, '$1:$2')}`);
  if (Number.isNaN(milliseconds)) throw new Error(`the time ${JSON.stringify(value)} does not fit ${guideTimeFormat}`);
  return { seconds: milliseconds / 1_000, nanoseconds: Number(fraction.padEnd(9, '0')) };
}

/** The time of reading, which a line without a time gets. */
export function eventTimeNow(): EventTime {
  const milliseconds = Date.now();
  return { seconds: Math.floor(milliseconds / 1_000), nanoseconds: (milliseconds % 1_000) * 1_000_000 };
}

/** As out_elasticsearch writes it: in UTC, with nine digits behind the second. */
export function formatEventTime({ seconds, nanoseconds }: EventTime): string {
  const second = new Date(seconds * 1_000).toISOString().slice(0, 19);
  return `${second}.${String(nanoseconds).padStart(9, '0')}+00:00`;
}
