import { type Directive, requireDirective, requireParameter } from './directive.ts';
import { type EventTime, eventTimeNow, guideTimeFormat, readEventTime } from './event-time.ts';

/** A record on its way through Fluentd. */
export interface LogEvent {
  readonly tag: string;
  readonly time: EventTime;
  readonly record: Readonly<Record<string, unknown>>;
}

/** What becomes of a line: its events, or that it is dropped with the warning "invalid line found". */
export type ParsedLine = readonly LogEvent[] | 'invalid line found';

/**
 * Makes of lines what in_tail of Fluentd 1.19.3 was seen to make of them with `<parse> @type json`:
 *
 * - an object whose time fits: that record at that time
 * - an object without the time key: that record at the time of reading
 * - an object whose time does not fit: nothing, and a warning
 * - an array: a record for each object in it, `unmatched_line` for each other element
 * - anything else, with `emit_unmatched_lines`: `unmatched_line`, at the time of reading
 *
 * One integer above 2^64 makes the real program drop all lines that it read together with that one; here it is a line like any other.
 *
 * @throws Error for a source that parses in another way.
 */
export function lineParser(source: Directive): (line: string) => ParsedLine {
  const tag = requireParameter(source, 'tag');
  const parse = requireDirective(source, 'parse');
  if (requireParameter(parse, '@type') !== 'json') throw new Error('<parse> must have @type json');
  const timeKey = requireParameter(parse, 'time_key');
  if (requireParameter(parse, 'time_format') !== guideTimeFormat)
    throw new Error(`only ${guideTimeFormat} is read here`);
  const keepsTimeKey = parse.parameters.get('keep_time_key') === 'true';
  const keepsUnmatched = source.parameters.get('emit_unmatched_lines') === 'true';

  const toEvents = (value: unknown, line: string): LogEvent[] => {
    if (!isObject(value))
      return keepsUnmatched ? [{ tag, time: eventTimeNow(), record: { unmatched_line: line } }] : [];
    if (!(timeKey in value)) return [{ tag, time: eventTimeNow(), record: value }];
    const { [timeKey]: timeValue, ...others } = value;
    return [{ tag, time: readEventTime(timeValue), record: keepsTimeKey ? value : others }];
  };
  return (line) => {
    const value = readJson(line);
    try {
      return Array.isArray(value) ? value.flatMap((element) => toEvents(element, line)) : toEvents(value, line);
    } catch {
      return 'invalid line found';
    }
  };
}

/** @returns `undefined` for a text that is no JSON */
function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
