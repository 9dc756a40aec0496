import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { placePart, type RunningPart, startPart } from '@vmobs/lab/stack';
import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilFired, untilOver } from './alert-waits.ts';
import { writeOtlpLogRequest } from './otlp-log-request.ts';
import { requirePart } from './require-part.ts';
import { onDeath, placeAlone } from './start-parts.ts';
import { startWatchingPrometheus, type WatchingPrometheus } from './watching-prometheus.ts';

/*
 * A real VictoriaLogs that has no room, is sent what it does not keep or cannot read, and is asked more than it can answer makes
 * the alerts fire that are said to see it, by the rules of compose/ in a real Prometheus, and its end makes them end.
 */

/** What takes five minutes by the rules takes 10 s here. */
const speed = 30;
const limit = { timeout: 300_000 };
const day = 86_400_000;

let folder: string;
let prometheus: WatchingPrometheus;
let store: RunningPart;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-log-store-'));
  prometheus = await startWatchingPrometheus({ folder, speed });
  store = await startStore();
});
afterAll(async () => {
  await store.stop();
  await prometheus.stop();
  await rm(folder, { recursive: true });
});

/** Starts VictoriaLogs as in compose/, where Prometheus looks for it, with further flags. The last of a flag counts. */
async function startStore(...flags: readonly string[]): Promise<RunningPart> {
  const place = await placePart('victoria-logs', placeAlone(folder));
  return await startPart({
    name: 'victoria-logs',
    command: await requirePart('victoria-logs'),
    place: { ...place, flags: [...place.flags, ...flags] },
    signal: new AbortController().signal,
    onDeath,
  });
}

async function restartStore(...flags: readonly string[]): Promise<void> {
  await store.stop();
  store = await startStore(...flags);
}

const firing = () => prometheus.firing('victorialogs');

async function post(path: string, type: string, body: string | Uint8Array<ArrayBuffer>): Promise<number> {
  const response = await fetch(`${store.url}/insert/${path}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  await response.text();
  return response.status;
}

/** Sends a line as JSON. @returns the status of the answer */
function sendLine(line: Readonly<Record<string, string>>): Promise<number> {
  return post('jsonline', 'application/stream+json', JSON.stringify({ _msg: 'a line', ...line }));
}

/** The reasons that LogStoreDroppingRows fires for now. */
async function droppedFor(): Promise<string[]> {
  const alerts = await prometheus.query('ALERTS{alertname="LogStoreDroppingRows", alertstate="firing"}');
  return alerts.map(({ metric }) => metric['reason'] ?? 'none').sort();
}

/** Sends the same again and again. @returns what ends that, and tells the statuses of all answers */
function repeat(send: () => Promise<number>): () => Promise<Set<number>> {
  const ending = new AbortController();
  const statuses = new Set<number>();
  const running = (async () => {
    while (!ending.signal.aborted) {
      statuses.add(await send());
      await sleep(250);
    }
  })();
  return async () => {
    ending.abort();
    await running;
    return statuses;
  };
}

test('a disk that is too small, then full, has its alerts until there is room', limit, async () => {
  const alerts = ['LogStoreDiskFilling', 'LogStoreReadOnly'];
  await eventually(
    () => prometheus.query('vl_storage_is_read_only == 0'),
    (series) => series.length === 1,
  );
  expect(await firing()).toEqual([]);

  await restartStore('-retention.maxDiskSpaceUsageBytes=1000TB', '-storage.minFreeDiskSpaceBytes=1000TB');
  expect(await sendLine({})).toBe(429);
  expect((await fetch(`${store.url}/health`)).status).toBe(200);
  await untilFired(firing, alerts);

  await restartStore();
  expect(await sendLine({})).toBe(200);
  await untilOver(firing, alerts);
});

test('dropped lines, refused lines and overload have their alerts until they are over', limit, async () => {
  // A second in the queue, so that this is soon said.
  await restartStore('-search.maxQueueDuration=1s');
  const alerts = ['LogStoreDroppingRows', 'LogStoreOverloaded', 'LogStoreRefusingData'];

  // As of the collector. Nothing but a warning in the log tells of these two.
  const request = writeOtlpLogRequest('some-service', [
    { body: 'a long name', attributes: { ['n'.repeat(129)]: 'v' } },
    { body: 'y'.repeat(2_200_000), attributes: {} },
  ]);
  expect(await post('opentelemetry/v1/logs', 'application/x-protobuf', request)).toBe(200);
  await eventually(droppedFor, (reasons) => reasons.length > 0);
  expect(await droppedFor()).toEqual(['none']);
  await eventually(
    () => prometheus.query('vm_log_messages_total{location=~".+/log_rows.go:.+"}'),
    (series) => series.length === 2,
  );

  const stopRefused = repeat(() => post('jsonline', 'application/stream+json', '{"_msg": '));
  const stopTooMany = await askForMore();

  const fields = Array.from({ length: 1_001 }, (_, index) => [`f${index}`, '']);
  expect(await sendLine({ _time: new Date(Date.now() - 10 * day).toISOString() })).toBe(200);
  expect(await sendLine({ _time: new Date(Date.now() + 10 * day).toISOString() })).toBe(200);
  expect(await sendLine(Object.fromEntries(fields))).toBe(200);
  expect(await sendLine({ long: 'x'.repeat(3_000_000) })).toBe(200);
  const reasons = ['none', 'too_big_timestamp', 'too_many_fields', 'too_small_timestamp'];
  await eventually(droppedFor, (found) => reasons.every((reason) => found.includes(reason)));
  expect(await prometheus.query('vl_too_long_lines_skipped_total > 0')).toHaveLength(1);

  await untilFired(firing, alerts);
  expect(await stopRefused()).toEqual(new Set([400]));
  expect(await stopTooMany()).toEqual(new Set([503]));
  await untilOver(firing, alerts);
});

/**
 * As many clients as are answered at a time ask for 20 MB and do not read them, and others wait.
 *
 * @returns what ends that, and tells the statuses of those who waited
 */
async function askForMore(): Promise<() => Promise<Set<number>>> {
  for (let line = 0; line < 20; line += 1) expect(await sendLine({ text: 'x'.repeat(1_000_000) })).toBe(200);
  const ask = (query: string) =>
    fetch(`${store.url}/select/logsql/query?query=${encodeURIComponent(query)}`, {
      // Compressed, 20 MB of the same would be read at once.
      headers: { 'accept-encoding': 'identity' },
    });
  await eventually(
    async () => await (await ask('text:* | stats count() lines')).text(),
    (answer) => answer.includes('"20"'),
  );
  const unread = await Promise.all(Array.from({ length: 4 }, () => ask('text:*')));
  const stopAsking = repeat(async () => {
    const response = await ask('*');
    await response.text();
    return response.status;
  });
  return async () => {
    const statuses = await stopAsking();
    await Promise.all(unread.map(({ body }) => body?.cancel()));
    return statuses;
  };
}
