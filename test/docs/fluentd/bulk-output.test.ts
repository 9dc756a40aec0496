import { expect, test } from 'vitest';
import { documentMaker } from './bulk-output.ts';
import { readDirectives, requireDirective } from './directive.ts';

const guide = [
  '@type elasticsearch',
  'logstash_format true',
  'logstash_prefix unkey',
  'include_tag_key true',
  'tag_key service',
];

function makerOf(lines: readonly string[]) {
  return documentMaker(requireDirective(readDirectives(['<match **>', ...lines, '</match>'].join('\n')), 'match'));
}

test('the index is that of the day in UTC, wherever the line was written', () => {
  const record = { timestamp: '2026-11-23T00:30:00.25+01:00', msg: 'late' };
  const event = { tag: 'metald', time: { seconds: 1_795_390_200, nanoseconds: 250_000_000 }, record };
  expect(makerOf(guide)(event)).toEqual({
    index: 'unkey-2026.11.22',
    id: undefined,
    document: { ...record, '@timestamp': '2026-11-22T23:30:00.250000000+00:00', service: 'metald' },
  });
});

const event = { tag: 'metald', time: { seconds: 0, nanoseconds: 0 }, record: { service: 'metald-eu', _hash: 'a/b=' } };

test('without include_tag_key the record keeps its own service', () => {
  expect(makerOf(guide.slice(0, 3))(event).document).toMatchObject({ service: 'metald-eu' });
});

test('the id is taken before the keys are removed', () => {
  const { id, document } = makerOf([...guide, 'id_key _hash', 'remove_keys _hash,service'])(event);
  expect([id, document]).toEqual(['a/b=', { '@timestamp': '1970-01-01T00:00:00.000000000+00:00' }]);
});

test('a record with a @timestamp of its own is refused', () => {
  const odd = { ...event, record: { '@timestamp': 'tomorrow' } };
  expect(() => makerOf(guide)(odd)).toThrow('a record of metald has a @timestamp of its own');
});

test('another kind of output is refused', () => {
  expect(() => makerOf(['@type elasticsearch', 'logstash_format false'])).toThrow('must have logstash_format true');
  expect(() => makerOf(['@type null', 'logstash_format true'])).toThrow('must have logstash_format true');
});
