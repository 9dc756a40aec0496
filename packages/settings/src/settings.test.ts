import { expect, expectTypeOf, test } from 'vitest';
import { ConfigurationError } from './errors.ts';
import { boolean, duration, oneOf, port } from './kinds.ts';
import { readSettings, setting, variableNames } from './settings.ts';

const table = {
  port: setting({ variables: ['_PORT'], flag: 'port', kind: port, default: 8080, help: 'port of the API' }),
  interval: setting({ variables: ['_INTERVAL'], kind: duration, default: 100, help: 'time between samples' }),
  level: setting({
    variables: ['_LOG_LEVEL', 'LOG_LEVEL'],
    flag: 'log-level',
    kind: oneOf('debug', 'info'),
    default: 'info',
    help: 'least severe level',
  }),
  enabled: setting({ variables: ['_ENABLED'], flag: 'enable', kind: boolean, default: false, help: 'do it at all' }),
};
const prefixes = ['UNKEY_BILLAGED', 'BILLAGED'];

function problemsOf(sources: Parameters<typeof readSettings>[1]): ConfigurationError {
  try {
    readSettings(table, sources);
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('every value was accepted');
}

test('a setting that is nowhere set has its default', () => {
  expect(readSettings(table, { env: {}, prefixes })).toEqual({
    port: 8080,
    interval: 100,
    level: 'info',
    enabled: false,
  });
});

test('the types of the values come from their kinds', () => {
  const values = readSettings(table, { env: {}, prefixes });
  expectTypeOf(values).toEqualTypeOf<{
    readonly port: number;
    readonly interval: number;
    readonly level: 'debug' | 'info';
    readonly enabled: boolean;
  }>();
});

test('variables win by prefix: the first, then the second, then none', () => {
  const names = ['UNKEY_BILLAGED_LOG_LEVEL', 'BILLAGED_LOG_LEVEL', 'LOG_LEVEL'];
  expect(variableNames(table.level, prefixes)).toEqual(names);
  names.forEach((name, index) => {
    const later = Object.fromEntries(names.slice(index + 1).map((other) => [other, 'info']));
    expect(readSettings(table, { env: { [name]: 'debug', ...later }, prefixes }).level).toBe('debug');
  });
});

test('an empty variable counts as unset, so that the next one is read', () => {
  const env = { UNKEY_BILLAGED_PORT: '', BILLAGED_PORT: '9000', UNKEY_BILLAGED_INTERVAL: '' };
  expect(readSettings(table, { env, prefixes })).toMatchObject({ port: 9000, interval: 100 });
});

test('a flag wins over every variable', () => {
  const env = { UNKEY_BILLAGED_PORT: '9000', LOG_LEVEL: 'info' };
  const flags = { port: '9001', 'log-level': 'debug' };
  expect(readSettings(table, { env, prefixes, flags })).toMatchObject({ port: 9001, level: 'debug' });
});

test('a value that cannot be used is not covered up by a good one that comes later', () => {
  const { problems } = problemsOf({ env: { UNKEY_BILLAGED_PORT: 'http', BILLAGED_PORT: '9000' }, prefixes });
  expect(problems).toEqual([{ name: 'UNKEY_BILLAGED_PORT', value: 'http', allowed: 'a port from 0 to 65535' }]);
});

test('one error lists every invalid value with its name and the allowed values', () => {
  const error = problemsOf({
    env: { UNKEY_BILLAGED_PORT: '70000', BILLAGED_INTERVAL: 'often', LOG_LEVEL: 'debug' },
    prefixes,
    flags: { enable: 'maybe' },
  });
  expect(error.message.split('\n')).toEqual([
    '3 settings cannot be used',
    '  UNKEY_BILLAGED_PORT="70000": allowed is a port from 0 to 65535',
    '  BILLAGED_INTERVAL="often": allowed is a duration above zero such as 100ms, 30s or 1m30s, up to 596h',
    '  --enable="maybe": allowed is true or false',
  ]);
});

test('a single problem is said in one line', () => {
  const error = problemsOf({ env: {}, prefixes, flags: { port: '' } });
  expect(error.message).toBe('--port="": allowed is a port from 0 to 65535');
});
