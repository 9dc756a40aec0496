import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCatalogue } from '../metrics/catalogue.ts';
import { startTracing } from '../traces/sdk.ts';
import { createIsoTimestamp, createLogs, type LogOptions } from './logger.ts';
import { loadPrettyFormat } from './pretty-format.ts';

let folder: string;
let output: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logger-test-'));
  output = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function createTestLogs(options: Partial<LogOptions> = {}) {
  return createLogs({ service: 'shop', output: { write: (line) => void output.push(line) }, ...options });
}

function messagesIn(path: string): unknown[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line).msg);
}

test('a line is one JSON object with timestamp, level, service and msg', () => {
  const before = Date.now();
  createTestLogs().logger.warn({ vm_id: 'vm-1' }, 'slow boot');
  expect(output).toHaveLength(1);
  expect(output[0]).toMatch(/^\{.*\}\n$/);
  const line = JSON.parse(output[0] ?? '');
  expect(line).toEqual({
    level: 'warn',
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:?\d\d$/),
    service: 'shop',
    'service.instance.id': expect.stringMatching(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
    vm_id: 'vm-1',
    msg: 'slow boot',
    'log.seq': 1,
  });
  expect(Date.parse(line.timestamp)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(line.timestamp)).toBeLessThanOrEqual(Date.now());
});

test('written lines of the logger and its children are numbered from 1 without gaps', () => {
  const { logger } = createTestLogs({ instanceId: 'one' });
  logger.info('first');
  logger.debug('not written');
  logger.child({ vm_id: 'vm-1' }, { level: 'debug' }).debug({ apiKey: 'hunter2' }, 'second');
  logger.child({}).child({}).error(new Error('third'));
  expect(output.map((line) => JSON.parse(line))).toMatchObject([
    { 'service.instance.id': 'one', 'log.seq': 1 },
    { 'service.instance.id': 'one', 'log.seq': 2 },
    { 'service.instance.id': 'one', 'log.seq': 3 },
  ]);
});

test('fields of callers do not change the process and time of a line', () => {
  const { logger } = createTestLogs({ instanceId: 'one' });
  const fields = { service: 'other', 'service.instance.id': 'two', timestamp: 5, level: 'x', 'log.seq': 99 };
  logger.info({ ...fields, apiKey: 'hunter2' }, 'first');
  logger.child(fields).info('second');
  for (const [index, text] of output.entries()) {
    const line = JSON.parse(text);
    expect(line).toMatchObject({ level: 'info', service: 'shop', 'service.instance.id': 'one', 'log.seq': index + 1 });
    expect(line).toMatchObject({ timestamp: expect.any(String), 'line.timestamp': 5, 'line.service': 'other' });
  }
});

test('a secret at the front of a line is redacted for every level', () => {
  const { logger } = createTestLogs();
  const child: { x?: (fields: object) => void } = logger.child({}, { customLevels: { x: 35 } });
  child.x?.({ pwd: 'hunter2' });
  expect(output.join('')).toContain('"pwd":"[redacted]"');
});

test('a line that cannot be serialized uses no number', () => {
  const { logger } = createTestLogs();
  const broken = logger.child(
    {},
    {
      serializers: {
        vm: () => {
          throw new Error('no VM');
        },
      },
    },
  );
  expect(() => broken.info({ vm: 1 }, 'never written')).toThrow('no VM');
  logger.info('first');
  expect(output.map((line) => JSON.parse(line)['log.seq'])).toEqual([1]);
});

test('two loggers are two processes', () => {
  for (const { logger } of [createTestLogs(), createTestLogs()]) logger.info('first');
  const ids = output.map((line) => JSON.parse(line)['service.instance.id']);
  expect(new Set(ids).size).toBe(2);
});

test('an error is written with its message and stack', () => {
  createTestLogs().logger.error({ err: new TypeError('no such VM') }, 'boot failed');
  expect(JSON.parse(output[0] ?? '').err).toMatchObject({
    type: 'TypeError',
    message: 'no such VM',
    stack: expect.stringContaining('logger.test.ts'),
  });
});

test('secrets in an error are redacted at any depth', () => {
  const headers = { Authorization: 'Bearer hunter2', Cookie: 'session=hunter2', Accept: '*/*' };
  const request = { method: 'POST', url: 'https://eve:hunter2@pay/cards?token=hunter2', headers };
  const cause = Object.assign(new Error('401 from https://pay/cards?api_key=hunter2'), { config: { request } });
  createTestLogs().logger.error({ err: new Error('payment failed', { cause }), cause }, 'payment failed');
  expect(output[0]).not.toContain('hunter2');
  expect(JSON.parse(output[0] ?? '').cause.config.request).toMatchObject({
    method: 'POST',
    headers: { Authorization: '[redacted]', Cookie: '[redacted]', Accept: '*/*' },
  });
});

test('lines below the level are not written', () => {
  const { logger } = createTestLogs({ level: 'error' });
  logger.warn('not this');
  logger.error('but this');
  expect(output.map((line) => JSON.parse(line).msg)).toEqual(['but this']);
});

test('secrets of child loggers are redacted', () => {
  const { logger } = createTestLogs();
  logger
    .child({ apiKey: 'hunter2' })
    .info({ req: { headers: { Authorization: 'hunter2', accept: '*/*' } } }, 'request');
  expect(JSON.parse(output[0] ?? '')).toMatchObject({
    apiKey: '[redacted]',
    req: { headers: { Authorization: '[redacted]', accept: '*/*' } },
  });
});

test('only a line within a span has its ids', async () => {
  const tracing = await startTracing({
    enabled: false,
    tracesUrl: 'http://127.0.0.1/v1/traces',
    serviceName: 'shop',
    serviceVersion: '1.0.0',
    instanceId: 'one',
    samplingRate: 1,
    metrics: createCatalogue(),
    logger: createTestLogs().logger,
  });
  const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED };
  const { logger } = createTestLogs();
  try {
    context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), () => logger.info('inside'));
    logger.info('outside');
  } finally {
    await tracing.close(1_000);
  }
  const [inside, outside] = output.map((line) => JSON.parse(line));
  expect(inside).toMatchObject({ msg: 'inside', trace_id: '1'.repeat(32), span_id: '2'.repeat(16) });
  expect(outside).not.toHaveProperty('trace_id');
  expect(outside).not.toHaveProperty('span_id');
});

test('a log file in a new folder gets the same lines as the output', () => {
  const file = join(folder, 'new', 'shop.log');
  const logs = createTestLogs({ file: { path: file } });
  logs.logger.info('one');
  logs.logger.info('two');
  logs.close();
  expect(readFileSync(file, 'utf8')).toBe(output.join(''));
  expect(messagesIn(file)).toEqual(['one', 'two']);
});

test('after a rotation, reopening starts a new file and loses no line', () => {
  const file = join(folder, 'shop.log');
  const logs = createTestLogs({ file: { path: file } });
  logs.logger.info('before');
  renameSync(file, `${file}.1`);
  logs.logger.info('moved');
  logs.reopen();
  logs.logger.info('after');
  logs.close();
  expect(messagesIn(`${file}.1`)).toEqual(['before', 'moved']);
  expect(messagesIn(file)).toEqual(['after']);
});

test('a line that is logged after the end reaches the output and does not throw', () => {
  const file = join(folder, 'shop.log');
  const logs = createTestLogs({ file: { path: file } });
  logs.close();
  logs.logger.info('late');
  expect(output.map((line) => JSON.parse(line).msg)).toEqual(['late']);
  expect(readFileSync(file, 'utf8')).toBe('');
});

test('the output can be pretty while the file stays JSON', async () => {
  const file = join(folder, 'shop.log');
  const logs = createTestLogs({ prettify: await loadPrettyFormat('pretty', false), file: { path: file } });
  logs.logger.info({ vm_id: 'vm-1' }, 'booted');
  logs.close();
  expect(output.join('')).toMatch(/INFO.*: booted\n.*vm_id: "vm-1"/);
  expect(messagesIn(file)).toEqual(['booted']);
});

test.for(['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)(
  'a secret right after the fixed fields is found: %s',
  (level) => {
    const { logger } = createTestLogs({ level: 'trace', service: 'é"' });
    logger[level]({ token: 'hunter2' });
    expect(output[0]).toContain('"token":"[redacted]"');
  },
);

test.for([
  [0, '1970-01-01T00:00:00.000+00:00'],
  [1_795_377_845_123, '2026-11-22T20:04:05.123+00:00'],
  [1_795_377_845_007, '2026-11-22T20:04:05.007+00:00'],
  [-1, '1969-12-31T23:59:59.999+00:00'],
] as const)('%i is %s', ([time, text]) => {
  expect(createIsoTimestamp(() => time)()).toBe(`,"timestamp":"${text}"`);
});

test('each line has its own time, even when the clock is set back', () => {
  const times = [999, 1_000, 1_999, 2_000, 1_500];
  const clock = times.values();
  const timestamp = createIsoTimestamp(() => clock.next().value ?? Number.NaN);
  const written = times.map(() => JSON.parse(`{"level":"info"${timestamp()}}`).timestamp);
  expect(written.map((text) => Date.parse(text))).toEqual(times);
});
