import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validConfig, vmClient } from '../support/clients.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { createLines } from './numbered-lines.ts';
import { type RunningCollection, type StoredLine, startCollection } from './running-collection.ts';

/*
 * What becomes of a line on its way through the collector into the log store, by its form: lines of our services, lines with a
 * time of another form, lines that are no JSON. Each test has a file of its own.
 *
 * What VictoriaLogs does with the fields of a line: every value is text. `true` and numbers are written out, an array is kept as
 * its JSON, an object becomes a field for each of its values, with dots between the names: `{"http":{"method":"GET"}}` is
 * `http.method`. `null`, `""` and `{}` are not kept: to it, an empty field is a field that is not there. It drops a whole line for
 * a name of more than 128 bytes or for more than 1000 fields, and says so in its log and in `vl_rows_dropped_total`.
 */

let collection: RunningCollection;
beforeAll(async () => {
  collection = await startCollection();
});
afterAll(() => collection.close());

/** Writes into a file of this name in the folder of metald. @returns what the store has of it, once that is so many lines */
async function storeLines(name: string, text: string | Buffer, count: number): Promise<StoredLine[]> {
  await collection.write(`metald/${name}`, text);
  return await collection.untilStored(count, `log.file.name:=${name}`);
}

const byMessage = (stored: readonly StoredLine[]) => new Map(stored.map((line) => [line['_msg'], line]));

/** A second of this hour, which the log store surely takes. */
const second = new Date().toISOString().slice(0, -5);
const twoHoursOn = new Date(Date.parse(`${second}Z`) + 7_200_000).toISOString().slice(0, -5);

test('the time of a line arrives exact, in whatever precision and zone it is written', async () => {
  const times = [
    [`${second}+00:00`, `${second}Z`],
    [`${second}Z`, `${second}Z`],
    [`${second}.123+00:00`, `${second}.123Z`],
    [`${second}.5Z`, `${second}.5Z`],
    [`${second}.123456+00:00`, `${second}.123456Z`],
    [`${second}.123456789Z`, `${second}.123456789Z`],
    [`${twoHoursOn}.123+02:00`, `${second}.123Z`],
  ] as const;
  const line = createLines();
  const text = times.map(([timestamp]) => line({ timestamp })).join('');
  const stored = byMessage(await storeLines('times.log', text, times.length));
  const found = times.map((_, index) => stored.get(`line ${index + 1}`));
  expect(found.map((it) => it?.['_time'])).toEqual(times.map(([, time]) => time));
  for (const it of found) {
    expect(it).toMatchObject({ 'service.name': 'metald' });
    expect(it).not.toHaveProperty('timestamp');
  }
});

test('a line without a readable time gets the time of its reading and keeps its field', async () => {
  const line = createLines();
  const timestamps = [1_796_054_407_000, 1_796_054_407.5, null, 'garbage', '', '2026-11-30 16:00:07', true, undefined];
  const before = Date.now();
  const text = timestamps.map((timestamp) => line({ timestamp })).join('');
  const stored = byMessage(await storeLines('no-time.log', text, timestamps.length));
  for (const [index, timestamp] of timestamps.entries()) {
    const found = stored.get(`line ${index + 1}`);
    expect(found).toMatchObject({ 'service.name': 'metald', 'log.seq': `${index + 1}` });
    expect(Date.parse(found?.['_time'] ?? '')).toBeGreaterThanOrEqual(before);
    expect(found?.['timestamp'] ?? '').toBe(String(timestamp ?? ''));
  }
});

test('text that is no JSON object arrives as it is under the service of its folder', async () => {
  const texts = ['no JSON', '[1,2]', '"a string"', '12', 'null', 'line\u2028separator', 'tab\tand \u0000', '{"torn":'];
  // A line that was torn by a full disk, and continues with a whole one; the parser of the collector would read the first alone.
  const joined = [
    '{"msg":"one"}{"msg":"two"}',
    '{"msg":"one"} {"msg":"two"}',
    '{"msg":"one"}two',
    '{"msg":"o{"msg":"two"}',
  ];
  const badUtf8 = Buffer.concat([Buffer.from('bad '), Buffer.from([0xff, 0xc3]), Buffer.from('\n\n   \n\n')]);
  const text = Buffer.concat([Buffer.from(`${[...texts, ...joined].join('\n')}\n`), badUtf8]);
  const stored = await storeLines('odd.log', text, texts.length + joined.length + 1);
  expect(stored.map(({ _msg }) => _msg).sort()).toEqual([...texts, ...joined, 'bad \ufffd\ufffd'].sort());
  expect(new Set(stored.map((line) => line['service.name']))).toEqual(new Set(['metald']));
  expect(await collection.readComplaints()).toEqual([]);
});

test('a line of 2 MB arrives in pieces of 1 MiB, and the next one whole', async () => {
  const long = 'x'.repeat(2_000_000);
  const line = createLines();
  const text = `${long}\n${line({ msg: long })}${line()}`;
  const stored = await storeLines('long.log', text, 5);
  const whole = stored.filter((found) => found['log.seq'] !== undefined);
  expect(whole).toEqual([expect.objectContaining({ _msg: 'line 2', 'service.name': 'metald' })]);
  const pieces = stored.filter((found) => found['log.seq'] === undefined);
  const mib = 1_048_576;
  const jsonLength = text.length - long.length - 2 - (text.length - text.lastIndexOf('{'));
  expect(pieces.map(({ _msg = '' }) => _msg.length).sort()).toEqual(
    [mib, mib, long.length - mib, jsonLength - mib].sort(),
  );
  expect(new Set(pieces.map((found) => found['service.name']))).toEqual(new Set(['metald']));
  expect(await collection.readComplaints()).toEqual([]);
});

test('whole numbers of 64 bits arrive exact', async () => {
  const numbers = ['9007199254740993', '9223372036854775807', '-9223372036854775808'];
  const text = numbers.map((number) => `{"service":"metald","value":${number},"list":[${number}]}\n`).join('');
  const stored = await storeLines('numbers.log', text, numbers.length);
  expect(stored.map(({ value }) => value).sort()).toEqual(numbers.toSorted());
  expect(stored.map(({ list }) => list).sort()).toEqual(numbers.map((number) => `[${number}]`).sort());
});

test('the fields of a line arrive in the form that the store has for them', async () => {
  const fields = {
    yes: true,
    no: false,
    zero: 0,
    negative: -5,
    fraction: 0.125,
    nothing: null,
    empty: '',
    emptyObject: {},
    emptyList: [],
    list: [1, 'two', null, { three: 3 }],
    nested: { a: { b: 1, nothing: null }, list: [1] },
    'with.dots': 'dots',
    lines: 'one\ntwo',
    separators: 'a\u2028b',
    // Not to be taken for two objects in one line.
    braces: ['}{', '} {"', '}{"x'],
    '}{': 'a }{',
  };
  const [line = {}] = await storeLines('fields.log', createLines()(fields), 1);
  const { _time, _stream_id, ...rest } = line;
  expect(rest).toEqual({
    _msg: 'line 1',
    _stream: '{service.name="metald"}',
    'service.name': 'metald',
    'service.instance.id': 'process-1',
    'log.file.name': 'fields.log',
    'log.seq': '1',
    level: 'info',
    yes: 'true',
    no: 'false',
    zero: '0',
    negative: '-5',
    fraction: '0.125',
    emptyList: '[]',
    list: '[1,"two",null,{"three":3}]',
    'nested.a.b': '1',
    'nested.list': '[1]',
    'with.dots': 'dots',
    lines: 'one\ntwo',
    separators: 'a\u2028b',
    braces: '["}{","} {\\"","}{\\"x"]',
    '}{': 'a }{',
  });
});

test('a line without a message in words has all of itself as its message', async () => {
  const line = createLines();
  const messages = ['', null, 12, { in: 'parts' }, undefined];
  const texts = messages.map((msg) => line({ msg }));
  const stored = await storeLines('no-message.log', texts.join(''), texts.length);
  expect(stored.map(({ _msg }) => `${_msg}\n`).sort()).toEqual(texts.toSorted());
});

test('a line that names its service in any other way does not end the log store', async () => {
  const line = createLines();
  const names = [
    [{}, 'metald'],
    [{ 'service.name': 'metald' }, 'metald'],
    [{ 'service.name': 'other' }, 'metald'],
    [{ 'service.name': null }, 'metald'],
    [{ service: undefined, 'service.name': 'other' }, 'other'],
    [{ service: undefined, 'service.name': 5 }, 'metald'],
    [{ service: undefined, 'service.name': ['other'] }, 'metald'],
    [{ service: { name: 'other' } }, 'metald'],
    [{ service: { name: '' }, 'service.name': { a: 1 } }, 'metald'],
    [{ service: '' }, 'metald'],
    [{ service: 5 }, 'metald'],
    [{ service: undefined, 'log.file.path': 'nowhere' }, 'metald'],
  ] as const;
  const text = names.map(([fields]) => line(fields)).join('');
  const stored = byMessage(await storeLines('names.log', text, names.length));
  const found = names.map((_, index) => stored.get(`line ${index + 1}`)?.['service.name']);
  expect(found).toEqual(names.map(([, service]) => service));
});

test('every field of every line of both services arrives', async () => {
  const files = { metald: collection.pathOf('metald/real.log'), billaged: collection.pathOf('billaged/replica-1.log') };
  await useServices(files);
  for (const [service, file] of Object.entries(files)) {
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(5);
    const stored = await collection.untilStored(
      lines.length,
      `{service.name="${service}"} log.file.name:=${nameOf(file)}`,
    );
    const byNumber = new Map(stored.map((found) => [found['log.seq'], found]));
    for (const line of lines.map((text): Record<string, unknown> => JSON.parse(text))) {
      const {
        _time = '',
        _stream,
        _stream_id,
        'log.file.name': _name,
        ...fields
      } = byNumber.get(String(line['log.seq'])) ?? {};
      const { timestamp, service: name, msg, ...rest } = line;
      expect(fields).toEqual({ ...flatten(rest), 'service.name': name, _msg: msg });
      expect(Date.parse(_time)).toBe(Date.parse(String(timestamp)));
    }
  }
});

const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);

/** Has both services write lines of many kinds: of requests that succeed and that fail, of batches that are not taken, of errors. */
async function useServices(files: Readonly<Record<'metald' | 'billaged', string>>): Promise<void> {
  const billaged = await startServiceProcess('billaged-sim', { LOG_FILE: files.billaged, SIM_CONTROL: 'true' });
  const metald = await startServiceProcess('metald-sim', {
    LOG_FILE: files.metald,
    UNKEY_METALD_BILLING_ENDPOINT: billaged.url,
    UNKEY_METALD_BILLING_BATCH_SIZE: '10',
    UNKEY_METALD_SIM_TIME_SCALE: '1000',
    UNKEY_METALD_OTEL_ENABLED: 'true',
    UNKEY_METALD_OTEL_ENDPOINT: '127.0.0.1:1',
  });
  const client = vmClient(metald.url);
  const { vmId } = await client.createVm({ config: validConfig });
  await client.bootVm({ vmId });
  await expect(client.getVmInfo({ vmId: 'no-such-vm' })).rejects.toThrow('not_found');
  await fetch(`${metald.url}/nowhere`);
  await billaged.end();
  await client.shutdownVm({ vmId });
  await metald.end();
}

/** The fields that the store makes of these. */
function flatten(value: unknown, name = ''): Record<string, string> {
  if (value === null || value === undefined || value === '') return {};
  if (typeof value !== 'object') return { [name]: String(value) };
  if (Array.isArray(value)) return { [name]: JSON.stringify(value) };
  const parts = Object.entries(value).map(([key, part]) => flatten(part, name === '' ? key : `${name}.${key}`));
  return Object.assign({}, ...parts);
}
