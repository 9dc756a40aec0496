import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readWrittenLines, untilStoreHasAll } from './log-lines.ts';
import { reportMeasured } from './report-measured.ts';
import { type RunningStack, startRunningStack } from './running-stack.ts';
import { type SteadyTraffic, startSteadyTraffic } from './steady-traffic.ts';
import { readLoggedSpans, readStoredSpanIds, untilJaegerHas } from './trace-spans.ts';

/*
 * Each part is ended and started again, in order and as in a crash, while both services are used. What each of them loses
 * by that is in docs/losses.md. A crash of the log store, and one of the collector's storage, are in log-losses.test.ts.
 */

const signals = ['SIGTERM', 'SIGKILL'] as const;

let running: RunningStack;
let traffic: SteadyTraffic;
/** When everything worked for the first time. */
let began: number;

beforeAll(async () => {
  running = await startRunningStack({ speed: 15 });
  traffic = await startSteadyTraffic(running.metaldUrl());
  await untilAllWorks(Date.now());
  began = Date.now();
});
afterAll(() => running.close());

/** Ends a part, starts it again and waits until everything works as before. @returns when it was ended */
async function restart(part: Parameters<RunningStack['part']>[0], signal: (typeof signals)[number]): Promise<number> {
  const ended = Date.now();
  await running.part(part).stop(signal);
  const stopped = Date.now();
  await running.part(part).start();
  const ready = Date.now();
  await untilAllWorks(ready);
  const all = Date.now() - ready;
  reportMeasured(
    `${part} ${signal}: ended in ${stopped - ended} ms, ready in ${ready - stopped} ms, all works in ${all} ms more`,
  );
  return ended;
}

interface Targets {
  readonly activeTargets: readonly { readonly health: string; readonly lastScrape: string }[];
}
interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly health: string; readonly lastEvaluation: string }[];
  }[];
}

/**
 * Waits until, since then, every target was scraped, every rule evaluated, and a span has arrived, and until the log store
 * has every line that the services have written since their start.
 */
async function untilAllWorks(since: number): Promise<void> {
  const isLater = (time: string) => Date.parse(time) > since;
  await eventually(
    async () => (await ask<Targets>('targets')).activeTargets,
    (targets) => targets.length >= 9 && targets.every((it) => it.health === 'up' && isLater(it.lastScrape)),
  );
  await eventually(
    async () => (await ask<Rules>('rules')).groups.flatMap(({ rules }) => rules),
    (rules) => rules.length > 0 && rules.every((it) => it.health === 'ok' && isLater(it.lastEvaluation)),
  );
  const spans = await eventually(
    async () => (await readLoggedSpans(running)).filter(({ time }) => time > since),
    ({ length }) => length > 0,
  );
  await untilJaegerHas(running, spans.slice(0, 1));
  await untilStoreHasAll(running);
}

/** Asks the API of Prometheus. */
async function ask<T>(path: string): Promise<T> {
  return (await running.ask<{ data: T }>('prometheus', `/api/v1/${path}`)).data;
}

interface Vector {
  readonly result: readonly { readonly value: readonly [number, string] }[];
}

/** The only value of a query, now or at a time in milliseconds. */
async function readValue(query: string, time = Date.now()): Promise<number> {
  const { result } = await ask<Vector>(`query?query=${encodeURIComponent(query)}&time=${time / 1_000}`);
  return Number(result[0]?.value[1]);
}

test.each(signals)('Prometheus has its earlier samples after a %s', async (signal) => {
  const query = 'sum(metald_api_requests_total)';
  const time = Date.now();
  // Once a later scrape is there, the answer for that time does not change any more.
  await eventually(
    () => readValue('timestamp(up{job="metald"})'),
    (seconds) => seconds * 1_000 > time,
  );
  const before = await readValue(query, time);
  expect(before).toBeGreaterThan(0);

  await restart('prometheus', signal);
  expect(await readValue(query, time)).toBe(before);
  expect(await readValue(query)).toBeGreaterThan(before);
});

async function countLines(): Promise<number> {
  const lines = await Promise.all([readWrittenLines(running, 'metald'), readWrittenLines(running, 'billaged')]);
  return lines.flat().length;
}

/** Lines that the collector has read since its start. */
const readLines = 'sum(otelcol_receiver_accepted_log_records_total{receiver="file_log"})';

test.each(signals)('after a %s the collector resumes the log files where it was and loses no span', async (signal) => {
  const earlier = await countLines();
  expect(earlier).toBeGreaterThan(100);

  await restart('otelcol', signal);
  const readAgain = (await readValue(readLines)) - ((await countLines()) - earlier);
  // Those that it had not read yet, and after a crash those of which it had not yet noted that it had; not all of them.
  expect(readAgain).toBeLessThan(earlier / 2);
  await untilJaegerHas(
    running,
    (await readLoggedSpans(running)).filter(({ time }) => time > began),
  );
});

test('the log store has every line since the beginning after a SIGTERM', async () => {
  const earlier = await countLines();
  await restart('victoria-logs', 'SIGTERM');
  const { written } = await untilStoreHasAll(running);
  expect(written).toBeGreaterThan(earlier);
});

test.each(signals)('after a %s Jaeger has lost its earlier traces and none of the later ones', async (signal) => {
  const earlier = new Set(await readStoredSpanIds(running));
  expect(earlier.size).toBeGreaterThan(0);

  const ended = await restart('jaeger', signal);
  expect((await readStoredSpanIds(running)).filter((spanId) => earlier.has(spanId))).toEqual([]);
  await untilJaegerHas(
    running,
    (await readLoggedSpans(running)).filter(({ time }) => time > ended),
  );
});

test('the host is measured again after a restart of node_exporter', async () => {
  await restart('node_exporter', 'SIGTERM');
  expect(await readValue('node_memory_MemTotal_bytes')).toBeGreaterThan(0);
});

/** Gives Alertmanager something. */
async function post<T>(path: string, body: unknown): Promise<T> {
  const response = await fetch(`${running.urls.get('alertmanager')}/api/v2/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (response.headers.get('content-type') === 'application/json' ? await response.json() : undefined) as T;
}

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

/** Says that alerts fire, as Prometheus does again and again while they do. */
async function fire(...names: readonly string[]): Promise<void> {
  await post(
    'alerts',
    names.map((alertname) => ({ labels: { alertname, severity: 'none' }, endsAt: inAnHour() })),
  );
}

/** @returns the id of the silence */
async function silence(name: string): Promise<string> {
  const { silenceID } = await post<{ silenceID: string }>('silences', {
    matchers: [{ name: 'alertname', value: name, isRegex: false, isEqual: true }],
    startsAt: new Date().toISOString(),
    endsAt: inAnHour(),
    createdBy: 'restarts.test.ts',
    comment: 'to be there after a restart',
  });
  return silenceID;
}

const delivered = (name: string) =>
  running.sink.notifications.filter(({ groupLabels }) => groupLabels['alertname'] === name).length;

/** Waits until whatever Alertmanager has to say now has arrived: two rounds of another alert. */
async function untilAllIsSaid(name: string): Promise<void> {
  for (const round of [1, 2]) {
    await fire(`${name}${round}`);
    await eventually(
      () => delivered(`${name}${round}`),
      (times) => times > 0,
    );
  }
}

test('Alertmanager knows its silences and what it has delivered after a SIGTERM', async () => {
  const id = await silence('Silenced');
  await fire('Silenced', 'Delivered');
  await untilAllIsSaid('Before');
  expect([delivered('Silenced'), delivered('Delivered')]).toEqual([0, 1]);

  await restart('alertmanager', 'SIGTERM');
  expect(await running.ask('alertmanager', `/api/v2/silence/${id}`)).toMatchObject({ status: { state: 'active' } });
  await fire('Silenced', 'Delivered');
  await untilAllIsSaid('After');
  expect([delivered('Silenced'), delivered('Delivered')]).toEqual([0, 1]);
});

test('a SIGKILL of Alertmanager loses the silences and deliveries of its last minutes', async () => {
  await silence('SilencedLater');
  await fire('SilencedLater', 'DeliveredLater');
  await untilAllIsSaid('BeforeCrash');
  expect([delivered('SilencedLater'), delivered('DeliveredLater')]).toEqual([0, 1]);

  await restart('alertmanager', 'SIGKILL');
  await fire('SilencedLater', 'DeliveredLater');
  await untilAllIsSaid('AfterCrash');
  expect([delivered('SilencedLater'), delivered('DeliveredLater')]).toEqual([1, 2]);
});

test('both services have answered every request all the while', async () => {
  expect(await traffic.stop()).toBeGreaterThan(100);
});
