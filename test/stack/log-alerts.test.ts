import { setTimeout as sleep } from 'node:timers/promises';
import { createVictoriaLogsStore, defaultIntervalMs, watchLogs } from '@vmobs/lab/logs';
import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningStack, startRunningStack } from './running-stack.ts';
import { startSteadyTraffic } from './steady-traffic.ts';

/*
 * LogLinesMissing on a real Prometheus: the log store crashes during steady traffic, the lab sees the gap, and a repair ends the
 * alert. Durations are a fifteenth of the written ones.
 */

const speed = 15;

let running: RunningStack;
let closeWatch: () => Promise<void>;

beforeAll(async () => {
  running = await startRunningStack({ speed });
  const watch = watchLogs({
    folders: running.logFolders,
    store: createVictoriaLogsStore(running.urls.get('victoria-logs') ?? ''),
    metrics: running.sink.metrics,
    report: () => undefined,
    intervalMs: defaultIntervalMs / speed,
    settleMs: 3_000,
  });
  closeWatch = watch.close;
});
afterAll(async () => {
  await closeWatch();
  await running.close();
});

interface Alerts {
  readonly data: { readonly alerts: readonly { readonly state: string; readonly labels: Record<string, string> }[] };
}

/** Services about which LogLinesMissing fires. */
async function readFiring(): Promise<string[]> {
  const { data } = await running.ask<Alerts>('prometheus', '/api/v1/alerts');
  const firing = data.alerts.filter(
    ({ state, labels }) => state === 'firing' && labels['alertname'] === 'LogLinesMissing',
  );
  return firing.map(({ labels }) => labels['service'] ?? '').sort();
}

test('a crash of the log store is an alert, and a repair ends it', async () => {
  const traffic = await startSteadyTraffic(running.metaldUrl());
  await sleep(5_000);
  expect(await readFiring()).toEqual([]);
  const { stop, start } = running.part('victoria-logs');
  await stop('SIGKILL');
  await start();
  // A crash right after the store has written to its disk loses nothing. What it takes now is there in 5 s.
  const restartedAt = new Date().toISOString();
  const taken = () => running.askLogs('*', { start: restartedAt });
  await eventually(taken, ({ length }) => length > 0);
  await stop('SIGKILL');
  await start();
  // That of billaged may come first.
  await eventually(readFiring, (services) => services.includes('metald'));
  await traffic.stop();

  // A repair leaves lines that may still come. Those of them that were lost too are the next one's.
  const repairAgain = async () => {
    await running.repairLogs();
    return readFiring();
  };
  expect(await eventually(repairAgain, ({ length }) => length === 0)).toEqual([]);
});
