import { mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually, untilReady } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validConfig, vmClient } from '../../support/clients.ts';
import { startCommandInTest } from '../../support/command.ts';
import { startServiceProcess } from '../../support/service-process.ts';
import { documentMaker } from './bulk-output.ts';
import { requireDirective, requireParameter } from './directive.ts';
import { type FluentConf, readFluentConf, tailOf } from './fluent-conf.ts';
import type { LogEvent } from './parse-line.ts';
import { placePaths, tailOnce } from './tail.ts';

/** What one service logged, and what Fluentd reads of it. */
interface TailedLog {
  readonly tag: string;
  readonly timeKey: string;
  /** As it was written to standard output. */
  readonly written: readonly Readonly<Record<string, unknown>>[];
  readonly events: readonly LogEvent[];
  /** Lines that are dropped for their time. */
  readonly dropped: readonly string[];
}

let conf: FluentConf;
let folder: string;
let logs: readonly TailedLog[];
let from: number;
let to: number;

/** Where a service logs, so that the source with this tag reads it. */
function logFile(tag: string, root: string): string {
  return join(dirname(placePaths(tailOf(conf, tag), root)[0] ?? ''), `${tag}.log`);
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
        timeKey: requireParameter(requireDirective(tailOf(conf, tag), 'parse'), 'time_key'),
        written: service.log(),
        ...(await tailOnce(tailOf(conf, tag), folder)),
      };
    }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

test('every line of both services is read, whole and in order', () => {
  for (const { events, written, dropped } of logs) {
    expect(dropped).toEqual([]);
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

test('Elasticsearch gets each line with @timestamp and service.name in the index of its day', () => {
  const makeDocument = documentMaker(conf.output);
  for (const { events, written, tag, timeKey } of logs) {
    for (const [index, event] of events.entries()) {
      const { service: _, ...line } = written[index] ?? {};
      const day = new Date(String(line[timeKey])).toISOString().slice(0, 10);
      const { index: name, document } = makeDocument(event);
      expect(name).toBe(`unkey-${day.replaceAll('-', '.')}`);
      expect(document).toEqual({ ...line, 'service.name': tag, '@timestamp': expect.any(String) });
      expect(Date.parse(String(document['@timestamp']))).toBe(Date.parse(String(line[timeKey])));
    }
  }
});

test('the tag is what the services call themselves', () => {
  for (const { tag, written } of logs) expect(new Set(written.map(({ service }) => service))).toEqual(new Set([tag]));
});

test('a field has one type in all lines, as Elasticsearch needs', () => {
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
  const [event] = (await tailOnce(tailOf(conf, 'billaged'), root)).events;
  if (event === undefined) throw new Error('billaged-sim logged nothing');
  expect(event.record['service']).toBe('billaged-eu');
  expect(documentMaker(conf.output)(event).document['service.name']).toBe('billaged');
});

test('the lines before and after a rotation are read, each once', async () => {
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
    () => stat(file).catch(() => undefined),
    (found) => found !== undefined,
  );
  await vmClient(url).listVms({});
  metald.signal('SIGTERM');
  await metald.ended();
  const { events, dropped } = await tailOnce(tailOf(conf, 'metald'), root);
  expect(dropped).toEqual([]);
  const lines = metald.written.stdout.trimEnd().split('\n');
  expect(events.map(({ record }) => JSON.stringify(record)).sort()).toEqual(lines.sort());
  expect(events.map(({ record }) => record['procedure'])).toContain('vmprovisioner.v1.VmService/ListVms');
});
