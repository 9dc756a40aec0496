import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createCatalogue } from '../metrics/catalogue.ts';
import { startTracing } from '../traces/sdk.ts';
import { createLogs, type LogOptions } from './logger.ts';
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
    vm_id: 'vm-1',
    msg: 'slow boot',
  });
  expect(Date.parse(line.timestamp)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(line.timestamp)).toBeLessThanOrEqual(Date.now());
});

test('an error is written with its message and stack', () => {
  createTestLogs().logger.error({ err: new TypeError('no such VM') }, 'boot failed');
  expect(JSON.parse(output[0] ?? '').err).toMatchObject({
    type: 'TypeError',
    message: 'no such VM',
    stack: expect.stringContaining('logger.test.ts'),
  });
});

test('an error keeps none of the secrets that it carries along, however deep they are', () => {
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

test('secrets are redacted, also those of a child logger', () => {
  const { logger } = createTestLogs();
  logger
    .child({ apiKey: 'hunter2' })
    .info({ req: { headers: { Authorization: 'hunter2', accept: '*/*' } } }, 'request');
  expect(JSON.parse(output[0] ?? '')).toMatchObject({
    apiKey: '[redacted]',
    req: { headers: { Authorization: '[redacted]', accept: '*/*' } },
  });
});

test('a line inside a span has its ids, any other has none', async () => {
  const tracing = await startTracing({
    enabled: false,
    tracesUrl: 'http://127.0.0.1/v1/traces',
    serviceName: 'shop',
    serviceVersion: '1.0.0',
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

test('a log file, in a folder that is made, gets the same lines as the output', () => {
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

test('the pretty form is for people, the file beside it stays JSON', async () => {
  const file = join(folder, 'shop.log');
  const logs = createTestLogs({ prettify: await loadPrettyFormat('pretty', false), file: { path: file } });
  logs.logger.info({ vm_id: 'vm-1' }, 'booted');
  logs.close();
  expect(output.join('')).toMatch(/INFO.*: booted\n.*vm_id: "vm-1"/);
  expect(messagesIn(file)).toEqual(['booted']);
});
