import { expect, test } from 'vitest';
import { readDirectives, requireDirective } from './directive.ts';
import { lineParser } from './parse-line.ts';

/** Parses one line by a source with these lines in its `<parse>`, and these beside it. */
function parse(
  line: string,
  inParse: readonly string[] = ['keep_time_key true'],
  inSource = ['emit_unmatched_lines true'],
) {
  const format = ['@type json', 'time_key timestamp', 'time_format %Y-%m-%dT%H:%M:%S.%N%z', ...inParse];
  const text = ['<source>', 'tag metald', ...inSource, '<parse>', ...format, '</parse>', '</source>'].join('\n');
  return lineParser(requireDirective(readDirectives(text), 'source'))(line);
}

const time = { seconds: 1_795_377_845, nanoseconds: 250_000_000 };
const timestamp = '2026-11-22T20:04:05.25+00:00';
const anyTime = { seconds: expect.any(Number), nanoseconds: expect.any(Number) };

test('an object is a record at the time that it names', () => {
  const record = { timestamp, msg: 'late' };
  expect(parse(JSON.stringify(record))).toEqual([{ tag: 'metald', time, record }]);
});

test('without keep_time_key the parser takes the time out of the record', () => {
  expect(parse(JSON.stringify({ timestamp, msg: 'late' }), [])).toEqual([
    { tag: 'metald', time, record: { msg: 'late' } },
  ]);
});

test('an object without a time gets that of its reading', () => {
  const before = Math.floor(Date.now() / 1_000);
  const [event] = parse('{"time":"2026-11-22T20:04:05.123Z"}');
  expect(event).toEqual({ tag: 'metald', time: anyTime, record: { time: '2026-11-22T20:04:05.123Z' } });
  expect(typeof event === 'object' && event.time.seconds).toBeGreaterThanOrEqual(before);
});

test.for(['1795377845123', '"2026-11-22T20:04:05+00:00"', 'null', '"yesterday"'])(
  'a line with the time %s is dropped with a warning',
  (value) => {
    expect(parse(`{"timestamp":${value},"msg":"here"}`)).toBe('invalid line found');
  },
);

test.for([
  ['listening on 8080', 1],
  ['{"msg":"cut o', 1],
  ['"text"', 1],
  ['[1,2]', 2],
] as const)('a line that is no object is kept as what it is: %s', ([line, times]) => {
  const event = { tag: 'metald', time: anyTime, record: { unmatched_line: line } };
  expect(parse(line)).toEqual(Array.from({ length: times }, () => event));
});

test('an array of objects is a record for each', () => {
  expect(parse(`[{"n":1},{"timestamp":"${timestamp}"}]`)).toMatchObject([{ record: { n: 1 } }, { time }]);
});

test('without emit_unmatched_lines a line that is no object is gone', () => {
  expect(parse('listening on 8080', ['keep_time_key true'], [])).toEqual([]);
});
