import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLogs, type Logger } from './logger.ts';

const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: TraceFlags.SAMPLED };

let output: string[];
let logger: Logger;

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => context.disable());
beforeEach(() => {
  output = [];
  logger = newLogger();
});

function newLogger(): Logger {
  return createLogs({ service: 'shop', instanceId: 'one', output: { write: (line) => void output.push(line) } }).logger;
}

const inSpan = (log: () => void) => context.with(trace.setSpanContext(ROOT_CONTEXT, spanContext), log);

/** The only line so far, which must have each key once at every depth. */
function lastLine(): Record<string, unknown> {
  const text = output.at(-1) ?? '';
  const line = JSON.parse(text);
  // Parsing keeps one of two equal keys, so the line would be shorter.
  expect(`${JSON.stringify(line)}\n`).toHaveLength(text.length);
  return line;
}

const own = { level: 'info', service: 'shop', 'service.instance.id': 'one', 'log.seq': 1 };

test.for([
  ['service', 'x'],
  ['timestamp', 5],
  ['level', 2],
  ['log.seq', 77],
  ['service.instance.id', null],
  ['trace_id', 'feed'],
  ['span_id', { not: 'one' }],
  ['msg', 'y'],
  ['msg', { no: 'text' }],
] as const)('the field %s of a caller keeps its value %j under another name', ([name, value]) => {
  inSpan(() => logger.info({ [name]: value }, 'text'));
  expect(lastLine()).toMatchObject({
    ...own,
    timestamp: expect.stringMatching(/^\d{4}-/),
    msg: 'text',
    trace_id: spanContext.traceId,
    span_id: spanContext.spanId,
    [`line.${name}`]: value,
  });
});

test.for(['service', 'timestamp', 'level', 'log.seq', 'trace_id', 'span_id', 'msg'])(
  'so does the field %s of a child logger, of its child, and of bindings that are set later',
  (name) => {
    const child = logger.child({ [name]: 'a' });
    child.setBindings({ [name]: 'c' });
    inSpan(() => child.child({ [name]: 'b' }).info({ [name]: 'd' }, 'text'));
    expect(lastLine()).toMatchObject({
      ...own,
      msg: 'text',
      trace_id: spanContext.traceId,
      [`line.${name}`]: 'a',
      [`line.line.${name}`]: 'c',
      [`line.line.line.${name}`]: 'b',
      [`line.line.line.line.${name}`]: 'd',
    });
  },
);

test('outside a span a caller cannot make up the ids of one', () => {
  logger.info({ trace_id: 'feed', span_id: 'beef' }, 'text');
  expect(lastLine()).toMatchObject({ 'line.trace_id': 'feed', 'line.span_id': 'beef' });
  expect(lastLine()).not.toHaveProperty('trace_id');
});

test('a line with a key of its child logger has both values', () => {
  logger.child({ vm_id: 'vm-1', err: 'old' }).child({ vm_id: 'vm-2' }).error(new Error('boom'));
  expect(lastLine()).toMatchObject({
    vm_id: 'vm-1',
    'line.vm_id': 'vm-2',
    err: 'old',
    'line.err': { message: 'boom' },
  });
});

test('a name that a caller took itself is not taken twice', () => {
  logger.child({ 'line.service': 1 }).info({ service: 2, 'line.line.service': 3, 'line.msg': 4, msg: 5 }, 'text');
  const line = lastLine();
  expect(Object.values(line)).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 'text', 'shop']));
});

test('a message in the fields is the message when there is no other', () => {
  logger.info({ msg: 'from the fields', vm_id: 'vm-1' });
  expect(lastLine()).toMatchObject({ msg: 'from the fields', vm_id: 'vm-1' });
  expect(lastLine()).not.toHaveProperty('line.msg');
});

test('formatters and serializers of a child logger cannot replace a promised field', () => {
  const formatters = {
    log: (fields: object) => ({ ...fields, service: 'other', level: 9, a: 2 }),
    bindings: (bindings: object) => ({ ...bindings, timestamp: 7 }),
  };
  logger.child({ a: 1 }, { formatters, serializers: { service: () => 'third' } }).info({ b: 3 }, 'text');
  expect(lastLine()).toMatchObject({ ...own, a: 1, 'line.a': 2, b: 3, 'line.service': 'third', 'line.timestamp': 7 });
});

test('nested fields and texts with such names stay as they are', () => {
  const fields = { vm: { service: 'a', level: [1, { timestamp: 2 }] }, note: ',"service":"b"', 'service.name': 'c' };
  logger.child(fields).info({ also: fields }, ',"msg":"no"');
  expect(lastLine()).toMatchObject({ ...fields, also: fields, msg: ',"msg":"no"' });
});

const names = fc.oneof(
  fc.constantFrom('level', 'timestamp', 'service', 'service.instance.id', 'log.seq', 'msg', 'trace_id', 'span_id'),
  fc.constantFrom('err', 'a', 'b', 'line.a', 'line.service', 'line.msg', '__proto__', '1', '"', 'toString', 'line.'),
  fc.string({ maxLength: 3 }),
);
const values = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.dictionary(names, fc.integer()));
const someFields = fc
  .array(fc.tuple(names, values), { maxLength: 6 })
  .map((entries): Record<string, unknown> => Object.fromEntries(entries));

test('every line has each key once, and the promised fields are those of the logger', () => {
  const ancestors = fc.array(fc.tuple(someFields, someFields), { maxLength: 3 });
  fc.assert(
    fc.property(ancestors, someFields, fc.option(fc.string()), fc.boolean(), (parents, fields, msg, spanned) => {
      output = [];
      const log = parents.reduce((parent, [bindings, later]) => {
        const child = parent.child(bindings);
        child.setBindings(later);
        return child;
      }, newLogger());
      const write = () => (msg === null ? log.info(fields) : log.info(fields, msg));
      if (spanned) inSpan(write);
      else write();
      const line = lastLine();
      expect(line).toMatchObject(own);
      expect(line['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT/);
      if (msg !== null) expect(line['msg']).toBe(msg);
      expect([line['trace_id'], line['span_id']]).toEqual(
        spanned ? [spanContext.traceId, spanContext.spanId] : [undefined, undefined],
      );
      const given = [...parents.flat(), fields].flatMap((each) => Object.values(each)).length;
      const promised = 5 + (spanned ? 2 : 0) + (msg === null ? 0 : 1);
      expect(Object.keys(line)).toHaveLength(promised + given);
    }),
    { numRuns: Number(process.env['LOG_LINE_RUNS'] ?? 300) },
  );
});
