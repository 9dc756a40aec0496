import { expect, test } from 'vitest';
import { keepOwnFields } from './own-fields.ts';

const front =
  '{"level":"info","timestamp":"2026-11-30T12:00:00.000+00:00","service":"shop","service.instance.id":"one"';

const keep = (fields: string) => keepOwnFields(`${front}${fields}}\n`, front.length).slice(front.length, -2);

test.for([
  [',"service":"other","msg":"a"', ',"line.service":"other","msg":"a"'],
  [',"log.seq":7,"level":{"service":1},"timestamp":12345678901234567890', null],
  [',"service.instance.id":"two","service.name":"other"', ',"line.service.instance.id":"two","service.name":"other"'],
] as const)('a field of a caller cannot replace one of the line: %j', ([fields, kept]) => {
  const all = ',"line.log.seq":7,"line.level":{"service":1},"line.timestamp":12345678901234567890';
  expect(keep(fields)).toBe(kept ?? all);
});

test.for([
  ',"vm":{"service":"a","timestamp":[1,{"level":2}]},"msg":"a"',
  String.raw`,"msg":"say \"service\": {\\","note":"\"level\":"`,
  ',"msg":"level","service_id":1',
  '',
])('nested fields, texts and other names stay unchanged: %j', (fields) => {
  expect(keep(fields)).toBe(fields);
});
