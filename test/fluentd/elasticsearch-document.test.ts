import { expect, test } from 'vitest';
import { requireDirective } from './directive.ts';
import { documentMaker } from './elasticsearch-document.ts';
import { parseFluentdConfig } from './parse-config.ts';
import { readParse } from './tail-files.ts';

const guide = [
  '@type elasticsearch',
  'logstash_format true',
  'logstash_prefix unkey',
  'include_tag_key true',
  'tag_key service',
];

function outputOf(lines: readonly string[]) {
  return requireDirective(parseFluentdConfig(['<match **>', ...lines, '</match>'].join('\n'), 'f.conf'), 'match');
}

function parserOf(...lines: string[]) {
  const text = ['<source>', '<parse>', '@type json', ...lines, '</parse>', '</source>'].join('\n');
  return readParse(requireDirective(requireDirective(parseFluentdConfig(text, 'f.conf'), 'source'), 'parse'));
}

const timed = ['time_key timestamp', 'time_format %Y-%m-%dT%H:%M:%S.%N%z'];

test('the index is that of the day in UTC, wherever the line was written', () => {
  const line = '{"timestamp":"2026-11-23T00:30:00.25+01:00","msg":"late"}';
  const event = { tag: 'metald', ...parserOf(...timed, 'keep_time_key true')(line) };
  expect(documentMaker(outputOf(guide))(event)).toEqual({
    index: 'unkey-2026.11.22',
    document: {
      timestamp: '2026-11-23T00:30:00.25+01:00',
      msg: 'late',
      '@timestamp': '2026-11-22T23:30:00.250000000+00:00',
      service: 'metald',
    },
  });
});

test('without include_tag_key the record keeps its own service', () => {
  const event = { tag: 'metald', time: { seconds: 0, nanoseconds: 0 }, record: { service: 'metald-eu' } };
  expect(documentMaker(outputOf(guide.slice(0, 3)))(event).document).toMatchObject({ service: 'metald-eu' });
});

test('without keep_time_key the parser takes the time out of the record', () => {
  const line = '{"timestamp":"2026-11-23T00:30:00.25+01:00","msg":"late"}';
  expect(parserOf(...timed)(line).record).toEqual({ msg: 'late' });
});

test.for([
  ['a line that is not JSON', 'listening on 8080', 'is not valid JSON'],
  ['a line that is no object', '["timestamp"]', 'is no object'],
  ['milliseconds since 1970', '{"timestamp":1795377845123}', 'must be a string'],
  ['a line without the key, as the real services write', '{"time":"2026-11-22T20:04:05.123Z"}', 'must be a string'],
] as const)('%s is refused', ([, line, message]) => {
  expect(() => parserOf(...timed)(line)).toThrow(message);
});

test('a record with a @timestamp of its own is refused', () => {
  const event = { tag: 'metald', time: { seconds: 0, nanoseconds: 0 }, record: { '@timestamp': 'tomorrow' } };
  expect(() => documentMaker(outputOf(guide))(event)).toThrow(
    'a record of metald has a @timestamp of its own: tomorrow',
  );
});

test('another kind of output is refused', () => {
  expect(() => documentMaker(outputOf(['@type elasticsearch', 'logstash_format false']))).toThrow(
    'logstash_format true',
  );
  expect(() => documentMaker(outputOf(['@type null']))).toThrow('must have @type elasticsearch');
});
