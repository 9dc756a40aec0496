import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliver } from './bulk-output.ts';
import { type FluentConf, readFluentConf, tailOf } from './fluent-conf.ts';
import type { LogEvent } from './parse-line.ts';
import { type StoreDouble, startStoreDouble } from './store-double.ts';
import { tailOnce } from './tail.ts';

let conf: FluentConf;
let store: StoreDouble;
let folder: string;

beforeEach(async () => {
  conf = await readFluentConf();
  store = await startStoreDouble();
  folder = await mkdtemp(join(tmpdir(), 'vmobs-delivery-'));
  await mkdir(join(folder, 'metald'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const timestamp = '2026-11-30T16:00:00.000+00:00';
const line = { level: 'info', timestamp, service: 'metald', msg: 'batch sent', 'service.instance.id': 'one' };
const numbered = Array.from({ length: 20 }, (_, index) => ({ ...line, 'log.seq': index + 1 }));

/** What Fluentd reads of a file with these lines. */
async function readLines(lines: readonly unknown[]): Promise<LogEvent[]> {
  const text = lines.map((content) => (typeof content === 'string' ? content : JSON.stringify(content)));
  await writeFile(join(folder, 'metald/metald.log'), `${text.join('\n')}\n`);
  return (await tailOnce(tailOf(conf, 'metald'), folder)).events;
}

function storedNumbers(): unknown[] {
  return store.documents().map((document) => document['log.seq']);
}

test('a document that a busy store refuses does not double the others', async () => {
  store.meetWith({ refuse: { nth: 7, status: 429, type: 'es_rejected_execution_exception' } });
  const { repeats } = await deliver(conf, await readLines(numbered), store.url);
  expect(repeats).toBe(1);
  expect(storedNumbers().sort()).toEqual(numbered.map((content) => content['log.seq']).sort());
});

test('an answer that does not come in time doubles nothing', async () => {
  store.meetWith({ noAnswer: true });
  const { repeats } = await deliver(conf, await readLines(numbered), store.url);
  expect(repeats).toBe(1);
  expect(storedNumbers()).toHaveLength(20);
});

test('a line that is read again takes the place of itself', async () => {
  for (const _reading of [1, 2]) await deliver(conf, await readLines(numbered), store.url);
  expect(storedNumbers()).toHaveLength(20);
});

test.for([
  ['their number', [numbered[0], numbered[1]]],
  ['the process', [numbered[0], { ...numbered[0], 'service.instance.id': 'two' }]],
  ['a field that no other line has', [line, { ...line, vm_id: 'ud-1' }]],
  ['being no JSON', ['listening', 'waiting']],
] as const)('lines that differ in nothing but %s are two documents', async ([, lines]) => {
  await deliver(conf, await readLines(lines), store.url);
  expect(store.documents()).toHaveLength(2);
});

test('equal lines of both services are two documents', async () => {
  const events = await readLines([line]);
  await deliver(conf, [...events, ...events.map((event) => ({ ...event, tag: 'billaged' }))], store.url);
  expect(store.documents()).toHaveLength(2);
});

test('a document that is refused for good is reported, and the others stay', async () => {
  store.meetWith({ refuse: { nth: 3, status: 400, type: 'mapper_parsing_exception' } });
  const { refused, repeats } = await deliver(conf, await readLines(numbered), store.url);
  expect(refused).toMatchObject([{ document: { document: { 'log.seq': 4 } }, reason: 'so it is told' }]);
  expect(repeats).toBe(0);
  expect(storedNumbers()).toHaveLength(19);
});

test('a document that fails for a while is sent again alone', async () => {
  store.meetWith({ refuse: { nth: 3, status: 503, type: 'unavailable_shards_exception' } });
  const { refused, repeats } = await deliver(conf, await readLines(numbered), store.url);
  expect([refused, repeats]).toEqual([[], 1]);
  expect(storedNumbers()).toHaveLength(20);
});

test('the id is no field of the document', async () => {
  await deliver(conf, await readLines([line]), store.url);
  expect(store.documents()).toEqual([expect.not.objectContaining({ _hash: expect.anything() })]);
});

test('no field is inside another, as Elasticsearch reads the dots of their names', async () => {
  await deliver(conf, await readLines(numbered), store.url);
  const names = store.documents().flatMap((document) => Object.keys(document));
  const inside = names.filter((name) => names.some((outer) => name.startsWith(`${outer}.`)));
  expect(inside).toEqual([]);
  expect(names).toContain('service.instance.id');
});
