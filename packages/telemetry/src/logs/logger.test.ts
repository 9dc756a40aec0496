import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTracing } from '../traces/sdk.ts';
import { createLogs, type LogOptions } from './logger.ts';

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

test('lines below the level are not written', () => {
  const { logger } = createTestLogs({ level: 'error' });
  logger.warn('not this');
  logger.error('but this');
  expect(output.map((line) => JSON.parse(line).msg)).toEqual(['but this']);
});

test.for(['authorization', 'cookie', 'set-cookie', 'token', 'password', 'secret', 'x-api-key'])(
  '%s is redacted at the top, one object down and among headers',
  (name) => {
    const { logger } = createTestLogs();
    logger.info({ [name]: 'hunter2' }, 'top');
    logger.info({ user: { [name]: 'hunter2', id: 7 } }, 'one down');
    logger.info({ headers: { [name]: 'hunter2', accept: '*/*' } }, 'headers');
    const [top, down, headers] = output.map((line) => JSON.parse(line));
    expect(top[name]).toBe('[redacted]');
    expect(down.user).toEqual({ [name]: '[redacted]', id: 7 });
    expect(headers.headers).toEqual({ [name]: '[redacted]', accept: '*/*' });
  },
);

test.for(['authorization', 'cookie', 'set-cookie', 'x-api-key', 'token', 'password'])(
  '%s is redacted among the headers of a request',
  (name) => {
    createTestLogs().logger.info({ req: { headers: { [name]: 'hunter2' } } }, 'request');
    expect(JSON.parse(output[0] ?? '').req.headers).toEqual({ [name]: '[redacted]' });
  },
);

test('a line inside a span has its ids, any other has none', async () => {
  const tracing = await startTracing({
    enabled: false,
    endpoint: 'http://127.0.0.1/',
    serviceName: 'shop',
    serviceVersion: '1.0.0',
    samplingRate: 1,
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
  const logs = createTestLogs({ file });
  logs.logger.info('one');
  logs.logger.info('two');
  logs.close();
  expect(readFileSync(file, 'utf8')).toBe(output.join(''));
  expect(messagesIn(file)).toEqual(['one', 'two']);
});

test('after a rotation, reopening starts a new file and loses no line', () => {
  const file = join(folder, 'shop.log');
  const logs = createTestLogs({ file });
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
  const logs = createTestLogs({ file });
  logs.close();
  logs.logger.info('late');
  expect(output.map((line) => JSON.parse(line).msg)).toEqual(['late']);
  expect(readFileSync(file, 'utf8')).toBe('');
});

test('the pretty form is for people, the file beside it stays JSON', () => {
  const file = join(folder, 'shop.log');
  const logs = createTestLogs({ format: 'pretty', file });
  logs.logger.info({ vm_id: 'vm-1' }, 'booted');
  logs.close();
  expect(output.join('')).toMatch(/INFO.*: booted\n.*vm_id: "vm-1"/);
  expect(messagesIn(file)).toEqual(['booted']);
});
