import { expect, test } from 'vitest';
import { readNumberedLine } from './numbered-line.ts';

const front =
  '{"level":"info","timestamp":"2026-11-30T12:00:00.123+00:00","service":"metald","service.instance.id":"a-1"';

test('a line is known by its first and last fields', () => {
  expect(readNumberedLine(`${front},"vm_id":"ud-1","msg":"a, \\"log.seq\\":3}","log.seq":12}`)).toEqual({
    instance: 'a-1',
    service: 'metald',
    sequence: 12,
    time: Date.parse('2026-11-30T12:00:00.123Z'),
  });
});

test('a service may have any name', () => {
  const line = front.replace('"metald"', String.raw`"a \"b\" \u00e9"`);
  expect(readNumberedLine(`${line},"msg":"","log.seq":1}`)?.service).toBe('a "b" é');
});

test.for([
  ['no JSON', 'Error: no disk'],
  ['no number', `${front},"msg":"ready"}`],
  ['cut short', `${front},"msg":"ready","log.se`],
  ['a time that is none', `${front.replace('2026-11-30T', '')},"msg":"","log.seq":1}`],
  ['no process', '{"level":"info","timestamp":"2026-11-30T12:00:00Z","service":"a","msg":"","log.seq":1}'],
  ['an escape that JSON does not have', `${front.replace('metald', String.raw`a\q`)},"msg":"","log.seq":1}`],
  ['a control character in its name', `${front.replace('metald', 'a\u0000b')},"msg":"","log.seq":1}`],
  ['nothing', ''],
])('a line with %s is none', ([, line = '']) => {
  expect(readNumberedLine(line)).toBeUndefined();
});
