import { expect, expectTypeOf, test } from 'vitest';
import { boolean, byteSize, duration, httpUrl, integer, number, oneOf, path, port, text } from './kinds.ts';

test.for([
  ['true', true],
  ['TRUE', true],
  ['1', true],
  ['t', true],
  ['false', false],
  ['False', false],
  ['0', false],
  ['F', false],
  ['yes', undefined],
  ['on', undefined],
  [' true', undefined],
  ['constructor', undefined],
] as const)('the boolean %j is %s', ([given, expected]) => {
  expect(boolean.parse(given)).toBe(expected);
});

test.for([
  ['0', 0],
  ['0.25', 0.25],
  ['1', 1],
  ['1e-3', 0.001],
  ['1.001', undefined],
  ['-0.1', undefined],
  ['NaN', undefined],
  ['Infinity', undefined],
  ['half', undefined],
  ['  ', undefined],
] as const)('the number %j from 0 to 1 is %s', ([given, expected]) => {
  expect(number({ min: 0, max: 1 }).parse(given)).toBe(expected);
});

test.for([
  ['-5', -5],
  ['600', 600],
  ['601', undefined],
  ['-6', undefined],
  ['1.5', undefined],
  ['1e2', undefined],
  ['12 ', undefined],
] as const)('the whole number %j from -5 to 600 is %s', ([given, expected]) => {
  expect(integer({ min: -5, max: 600 }).parse(given)).toBe(expected);
});

test.for([
  ['0', 0],
  ['65535', 65_535],
  ['65536', undefined],
  ['-1', undefined],
  [':8080', undefined],
] as const)('the port %j is %s', ([given, expected]) => {
  expect(port.parse(given)).toBe(expected);
});

test.for([
  ['100ms', 100],
  ['.5s', 500],
  ['596h', 596 * 3_600_000],
  ['600h', undefined],
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250us', 0.25],
  ['5µs', 0.005],
  ['2000000ns', 2],
  ['0s', undefined],
  ['-1s', undefined],
  ['10', undefined],
  ['10 s', undefined],
  ['1d', undefined],
  ['s', undefined],
] as const)('the duration %j is %s ms', ([given, expected]) => {
  expect(duration.parse(given)).toBe(expected);
});

test('one of several words is found in any case, and its type is those words', () => {
  const format = oneOf('json', 'pretty');
  expect(format.parse('JSON')).toBe('json');
  expect(format.parse('xml')).toBeUndefined();
  expect(format.allowed).toBe('one of json, pretty');
  expectTypeOf(format.parse).returns.toEqualTypeOf<'json' | 'pretty' | undefined>();
});

test.for([
  ['localhost:4318', 'http://localhost:4318/'],
  ['collector', 'http://collector/'],
  ['[::1]:4318', 'http://[::1]:4318/'],
  ['https://collector.example/otlp', 'https://collector.example/otlp'],
  ['HTTP://collector:4318', 'http://collector:4318/'],
  ['grpc://collector:4317', undefined],
  ['file:///etc/passwd', undefined],
  ['http://', undefined],
  ['collector:99999', undefined],
  ['two words', undefined],
] as const)('the address %j is read as %s', ([given, expected]) => {
  expect(httpUrl.parse(given)).toBe(expected);
});

test('text is taken as it is', () => {
  expect(text.parse(' a b ')).toBe(' a b ');
});

test.for(['bills.db', '~/bills.db', '/var/lib/a b.db', './file:x', './:x', 'memory'])('%j is a path', (given) => {
  expect(path().parse(given)).toBe(given);
});

test.for([
  '',
  ' ',
  '\t',
  'file:x?mode=memory',
  'FILE:/tmp/x.db',
  'file:',
  'file::memory:?cache=shared',
  ':memory:',
  ':memory:?x',
  '::',
  'a\0b',
])('%j is no path', (given) => {
  expect(path('memory').parse(given)).toBeUndefined();
});

test('a word with a meaning of its own is allowed exactly as it is, and named', () => {
  const kind = path(':memory:');
  expect(kind.parse(':memory:')).toBe(':memory:');
  expect(kind.parse(':MEMORY:')).toBeUndefined();
  expect(kind.allowed).toContain('a path or ":memory:"');
});

test('only the flag of a boolean goes without a value', () => {
  expect(boolean.isSwitch).toBe(true);
  for (const kind of [text, port, duration, httpUrl, oneOf('a'), number({ min: 0, max: 1 })]) {
    expect(kind.isSwitch).toBeUndefined();
  }
});

test.for([
  ['0', 0],
  ['500', 500],
  ['64k', 65_536],
  ['10m', 10_485_760],
  ['10MB', 10_485_760],
  ['1G', 1_073_741_824],
] as const)('%s is %i bytes', ([text, bytes]) => {
  expect(byteSize.parse(text)).toBe(bytes);
});

test.for(['', 'm', '-1', '1.5m', '10 m', '10mib', '99999999999g'])('"%s" is no size in bytes', (text) => {
  expect(byteSize.parse(text)).toBeUndefined();
});

test.for([
  [0, '0'],
  [500, '500'],
  [65_536, '64k'],
  [10 * 1_024 ** 2, '10m'],
  [3 * 1_024 ** 3, '3g'],
] as const)('%i bytes are shown as %s', ([bytes, text]) => {
  expect(byteSize.format?.(bytes)).toBe(text);
  expect(byteSize.parse(text)).toBe(bytes);
});
