import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCommandInTest, untilReady } from '../processes/command.ts';
import { eventually } from '../processes/eventually.ts';
import { startServiceProcess } from '../processes/service-process.ts';
import { validConfig, vmClient } from '../wire/clients.ts';
import { requireDirective, requireParameter } from './directive.ts';
import { documentMaker } from './elasticsearch-document.ts';
import { type FluentConf, readFluentConf } from './fluent-conf.ts';
import { type LogEvent, matchFiles, placePath, tailFiles } from './tail-files.ts';

/** What one service logged, and what Fluentd reads of it. */
interface TailedLog {
  readonly tag: string;
  readonly timeKey: string;
  /** As it was written to standard output. */
  readonly written: readonly Readonly<Record<string, unknown>>[];
  readonly events: readonly LogEvent[];
}

let conf: FluentConf;
let folder: string;
let logs: readonly TailedLog[];
let from: number;
let to: number;

/** The source with this tag. */
function tailOf(tag: string) {
  const source = conf.tails.find((tail) => requireParameter(tail, 'tag') === tag);
  if (source === undefined) throw new Error(`fluent.conf has no tail source with the tag ${tag}`);
  return source;
}

/** Where a service logs, so that the source with this tag reads it. */
function logFile(tag: string, root: string): string {
  return join(dirname(placePath(tailOf(tag), root)), `${tag}.log`);
}

/** Runs both services, lets them live through a VM and a fault, ends them. */
beforeAll(async () => {
  conf = await readFluentConf();
  folder = await mkdtemp(join(tmpdir(), 'vmobs-fluentd-'));
  from = Date.now();
  const env = (tag: string) => ({ LOG_FILE: logFile(tag, folder), LOG_LEVEL: 'debug' });
  const billaged = await startServiceProcess('billaged-sim', env('billaged'));
  const metald = await startServiceProcess('metald-sim', {
    ...env('metald'),
    UNKEY_METALD_BILLING_ENDPOINT: billaged.url,
    UNKEY_METALD_BILLING_BATCH_SIZE: '5',
    UNKEY_METALD_BILLING_INTERVAL: '10ms',
    UNKEY_METALD_SIM_TIME_SCALE: '1000',
  });
  const client = vmClient(metald.url);
  const { vmId } = await client.createVm({ config: validConfig });
  await client.bootVm({ vmId });
  await expect(client.bootVm({ vmId: 'ud-0000000000000000' })).rejects.toThrow();
  await eventually(billaged.log, (lines) => lines.some(({ msg }) => msg === 'batch processed'));
  // Billing that fails is logged with the error and its stack.
  await billaged.end();
  await client.shutdownVm({ vmId });
  await metald.end();
  to = Date.now();
  logs = await Promise.all(
    [metald, billaged].map(async (service, index) => {
      const tag = ['metald', 'billaged'][index] ?? '';
      return {
        tag,
        timeKey: requireParameter(requireDirective(tailOf(tag), 'parse'), 'time_key'),
        written: service.log(),
        events: await tailFiles(tailOf(tag), folder),
      };
    }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

test('every line of both services is read, whole and in order', () => {
  for (const { events, written } of logs) {
    expect(events.map(({ record }) => record)).toEqual(written);
    expect(written.length).toBeGreaterThan(5);
  }
});

test('the lines are of several levels and kinds', () => {
  const lines = logs.flatMap(({ written }) => written);
  expect(new Set(lines.map(({ level }) => level))).toEqual(new Set(['debug', 'info', 'warn', 'error']));
});

test('the time of an event is the instant that its line names', () => {
  for (const { events, written, timeKey } of logs) {
    for (const [index, { time }] of events.entries()) {
      const named = Date.parse(String(written[index]?.[timeKey]));
      expect(time.seconds * 1_000 + time.nanoseconds / 1_000_000).toBe(named);
      expect(named).toBeGreaterThanOrEqual(from);
      expect(named).toBeLessThanOrEqual(to);
    }
  }
});

test('Elasticsearch gets the line, its time as @timestamp and the tag as service, in the index of its day', () => {
  const makeDocument = documentMaker(conf.output);
  for (const { events, written, tag, timeKey } of logs) {
    for (const [index, event] of events.entries()) {
      const line = written[index];
      const day = new Date(String(line?.[timeKey])).toISOString().slice(0, 10);
      const { index: name, document } = makeDocument(event);
      expect(name).toBe(`unkey-${day.replaceAll('-', '.')}`);
      expect(document).toEqual({ ...line, service: tag, '@timestamp': expect.any(String) });
      expect(Date.parse(String(document['@timestamp']))).toBe(Date.parse(String(line?.[timeKey])));
    }
  }
});

test('the tag is what the services call themselves', () => {
  for (const { tag, written } of logs) expect(new Set(written.map(({ service }) => service))).toEqual(new Set([tag]));
});

test('a field is of one type in all lines, or Elasticsearch would refuse the later ones', () => {
  const types = new Map<string, Set<string>>();
  for (const [name, value] of logs.flatMap(({ written }) => written.flatMap(Object.entries))) {
    types.set(name, (types.get(name) ?? new Set()).add(typeof value));
  }
  expect([...types].filter(([, found]) => found.size > 1)).toEqual([]);
  expect(types.get('duration_ms')).toEqual(new Set(['number']));
});

test('the name that somebody gives a service gives way to the tag', async () => {
  const root = join(folder, 'renamed');
  const billaged = await startServiceProcess('billaged-sim', {
    LOG_FILE: logFile('billaged', root),
    BILLAGED_OTEL_SERVICE_NAME: 'billaged-eu',
  });
  await billaged.end();
  const [event] = await tailFiles(tailOf('billaged'), root);
  if (event === undefined) throw new Error('billaged-sim logged nothing');
  expect(event.record['service']).toBe('billaged-eu');
  expect(documentMaker(conf.output)(event).document['service']).toBe('billaged');
});

test('after a rotation the path fits the new file alone, and no line is in neither', async () => {
  const root = join(folder, 'rotated');
  const file = logFile('metald', root);
  const metald = startCommandInTest('metald-sim', ['--port=0', '--metrics-port=0'], {
    LOG_FILE: file,
    UNKEY_METALD_BILLING_ENABLED: 'false',
  });
  const { url } = await untilReady(metald);
  await rename(file, `${file}.1`);
  metald.signal('SIGHUP');
  await eventually(
    () => matchFiles(tailOf('metald'), root),
    (files) => files.length > 0,
  );
  await vmClient(url).listVms({});
  metald.signal('SIGTERM');
  await metald.ended();
  expect(await matchFiles(tailOf('metald'), root)).toEqual([file]);
  const [old, current] = await Promise.all([`${file}.1`, file].map((path) => readFile(path, 'utf8')));
  expect(`${old}${current}`).toBe(metald.written.stdout);
  const procedures = (await tailFiles(tailOf('metald'), root)).map(({ record }) => record['procedure']);
  expect(procedures).toContain('vmprovisioner.v1.VmService/ListVms');
});
