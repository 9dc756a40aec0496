import { runInNewContext } from 'node:vm';
import { beforeEach, expect, test } from 'vitest';
import { createLogs, type Logger } from './logger.ts';

let output: string[];
let logger: Logger;

beforeEach(() => {
  output = [];
  ({ logger } = createLogs({ service: 'shop', output: { write: (line) => void output.push(line) } }));
});

const lastLine = (): Record<string, unknown> => JSON.parse(output.at(-1) ?? '');

const boom = () => new TypeError('boom', { cause: new RangeError('the cause', { cause: new Error('the root') }) });
const written = {
  type: 'TypeError',
  message: 'boom',
  stack: expect.stringContaining('line-errors.test.ts'),
  cause: { type: 'RangeError', message: 'the cause', cause: { type: 'Error', message: 'the root' } },
};

test.for([
  ['err', { err: boom() }, { err: written }],
  ['another key', { cause: boom() }, { cause: written }],
  ['an object', { failure: { inner: boom(), id: 7 } }, { failure: { inner: written, id: 7 } }],
  ['a list', { all: [1, boom()] }, { all: [1, written] }],
  ['lists and objects', { a: [{ b: { c: [[boom()]] } }] }, { a: [{ b: { c: [[written]] } }] }],
  ['what toJSON returns', { job: { toJSON: () => ({ failed: boom() }) } }, { job: { failed: written } }],
  [
    'results of promises',
    { r: [{ status: 'rejected', reason: boom() }] },
    { r: [{ status: 'rejected', reason: written }] },
  ],
] as const)('an error in %s has its type, message, stack and causes', ([, fields, expected]) => {
  logger.error(fields, 'failed');
  logger.child(fields).error('failed');
  for (const line of output) expect(JSON.parse(line)).toMatchObject({ msg: 'failed', ...expected });
});

test.for([
  ['after a text', ['failed', boom()], 'failed'],
  ['after values of placeholders', ['failed %s of %d', 'job', 3, boom()], 'failed job of 3'],
  ['as the value of a placeholder', ['failed: %s', boom()], 'failed: TypeError: boom'],
  ['after fields', [{ vm_id: 'vm-1' }, 'failed', boom()], 'failed'],
  ['instead of a message', [{ vm_id: 'vm-1' }, boom()], 'boom'],
  ['after nothing', [undefined, 'failed', boom()], 'failed'],
  ['after null', [null, 'failed', boom()], 'failed'],
  ['alone', [boom()], 'boom'],
  ['before a text', [boom(), 'failed'], 'failed'],
] as const)('an error %s is written', ([, args, msg]) => {
  // A caller without types may pass anything.
  Reflect.apply(logger.error, logger, [...args]);
  expect(lastLine()).toMatchObject({ err: written, msg });
});

test('of several errors none is lost', () => {
  Reflect.apply(logger.error, logger, [{ err: new Error('one') }, 'failed', new Error('two'), new Error('three')]);
  expect(lastLine()).toMatchObject({
    err: { message: 'one' },
    'line.err': { message: 'two' },
    'line.line.err': { message: 'three' },
  });
});

test('an error keeps its own fields, and the errors that it collects', () => {
  const inner = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', port: 8081 });
  const failure = Object.assign(new AggregateError([inner, 'a text'], 'all failed'), { details: { last: inner } });
  logger.error({ jobs: { failure } });
  const refused = { type: 'Error', message: 'refused', code: 'ECONNREFUSED', port: 8081 };
  expect(lastLine()).toMatchObject({
    jobs: { failure: { type: 'AggregateError', aggregateErrors: [refused, 'a text'], details: { last: refused } } },
  });
});

test('errors of any origin are written: frozen, of another realm, without a stack, with a cause that is none', () => {
  const foreign: unknown = runInNewContext('new RangeError("foreign")');
  const bare = new Error('bare', { cause: { reason: 'a text' } });
  Reflect.deleteProperty(bare, 'stack');
  logger.error({ frozen: Object.freeze(new Error('frozen')), foreign, bare, aborted: AbortSignal.abort().reason });
  expect(lastLine()).toMatchObject({
    frozen: { message: 'frozen' },
    foreign: { type: 'RangeError', message: 'foreign', stack: expect.any(String) },
    bare: { message: 'bare', cause: { reason: 'a text' } },
    aborted: { type: 'DOMException', message: 'This operation was aborted' },
  });
});

test('what of an error cannot be read is left out, and the rest is written', () => {
  const broken = Object.assign(new Error('broken'), { code: 7 });
  const fail = () => {
    throw new Error('unreadable');
  };
  Object.defineProperty(broken, 'stack', { get: fail });
  Object.defineProperty(broken, 'port', { get: fail, enumerable: true });
  logger.error({ list: [broken] });
  expect(lastLine()).toMatchObject({ list: [{ message: 'broken', code: 7, port: '[unreadable]' }] });
});

test('an error that is its own cause, or holds itself, ends', () => {
  const own = new Error('own');
  own.cause = own;
  const holder: Record<string, unknown> = { name: 'holder', error: Object.assign(new Error('held'), { own }) };
  holder['self'] = holder;
  logger.error({ err: own, holder });
  expect(lastLine()).toMatchObject({
    err: { message: 'own', cause: '[Circular]' },
    holder: { self: '[Circular]', error: { message: 'held', own: { cause: '[Circular]' } } },
  });
});

test.for([
  [
    'ten thousand causes',
    () => Array.from({ length: 10_000 }).reduce<Error>((cause) => new Error('x', { cause }), boom()),
  ],
  ['ten thousand errors', () => new AggregateError(Array.from({ length: 10_000 }, boom))],
  ['a long text', () => new Error('x'.repeat(10_000_000))],
  ['wide fields', () => Object.assign(new Error('x'), { wide: Object.fromEntries(Array(100_000).entries()) })],
  ['a tree', () => Object.assign(new Error('x'), { tree: tree(12) })],
] as const)('%s make a line of bounded length', ([, make]) => {
  logger.error({ deep: { error: make() } }, 'failed');
  expect(output[0]?.length).toBeLessThan(400_000);
  expect(lastLine()).toMatchObject({ msg: 'failed' });
});

function tree(depth: number): unknown {
  return depth === 0 ? 'leaf' : { left: tree(depth - 1), right: tree(depth - 1) };
}

test('values without errors are written as JSON.stringify does', () => {
  const values = {
    date: new Date(0),
    list: [undefined, () => 1, Number.NaN, -0],
    url: new URL('http://x/'),
    map: new Map(),
  };
  const fields = { nested: { ...values, none: undefined, boxed: Object('text'), symbol: Symbol('x') } };
  logger.info(fields);
  expect(lastLine()['nested']).toEqual(JSON.parse(JSON.stringify(fields.nested)));
});

test('a count beyond 2^53 keeps its digits at any depth', () => {
  logger.info({ bytes: 12345678901234567890n, vm: { bytes: [12345678901234567890n] } });
  expect(output[0]).toContain('"bytes":12345678901234567890,"vm":{"bytes":[12345678901234567890]}');
});
