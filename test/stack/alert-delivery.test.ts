import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { billagedContract, metaldContract } from '../contract/guide-metrics.ts';
import { validConfig, vmClient } from '../support/clients.ts';
import { type RunningStack, startRunningStack } from './running-stack.ts';

let running: RunningStack;

beforeAll(async () => {
  // Five minutes pass in twenty seconds. Not faster: Prometheus takes five seconds to find its targets on any clock.
  running = await startRunningStack({ speed: 15 });
  const client = vmClient(running.metaldUrl());
  const { vmId } = await client.createVm({ config: validConfig });
  await client.bootVm({ vmId });
});
afterAll(() => running.close());

/** Asks the API of Prometheus. */
async function ask<T>(path: string): Promise<T> {
  return (await running.ask<{ data: T }>('prometheus', `/api/v1/${path}`)).data;
}

interface Target {
  readonly labels: { readonly job: string };
  readonly health: string;
  readonly lastError: string;
}

test('every target is up', async () => {
  const read = async () => (await ask<{ activeTargets: Target[] }>('targets')).activeTargets;
  const targets = await eventually(read, (all) => all.length > 0 && all.every(({ health }) => health === 'up'));
  expect(targets.map(({ labels, lastError }) => `${labels.job}${lastError}`).sort()).toEqual([
    'alertmanager',
    'billaged',
    'jaeger',
    'lab',
    'metald',
    'node',
    'otel-collector',
    'otel-metrics',
    'prometheus',
    'victorialogs',
  ]);
});

test('every metric of the guide can be queried', async () => {
  const contract = [...Object.entries(metaldContract), ...Object.entries(billagedContract)];
  const wanted = contract.map(([name, { type }]) => (type === 'histogram' ? `${name}_bucket` : name));
  const missing = async () => {
    const names = new Set(await ask<string[]>('label/__name__/values'));
    return wanted.filter((name) => !names.has(name));
  };
  expect(await eventually(missing, (names) => names.length === 0)).toEqual([]);
});

interface RuleGroup {
  readonly rules: readonly { readonly name: string; readonly health: string; readonly lastError?: string }[];
}

test('every rule is evaluated without an error', async () => {
  const read = async () => (await ask<{ groups: RuleGroup[] }>('rules')).groups.flatMap(({ rules }) => rules);
  const rules = await eventually(read, (all) => all.length > 0 && all.every(({ health }) => health !== 'unknown'));
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
});

test('an alert arrives once with its runbook, and is resolved when the service is back', async () => {
  const about = (wanted: 'firing' | 'resolved') =>
    running.sink.notifications.filter(
      ({ groupLabels, status }) => groupLabels['alertname'] === 'ServiceDown' && status === wanted,
    );
  expect(about('firing')).toEqual([]);

  await running.killMetald();
  const [notification] = await eventually(
    () => about('firing'),
    (notifications) => notifications.length > 0,
  );
  expect(notification?.alerts).toHaveLength(1);
  expect(notification?.alerts[0]).toMatchObject({
    labels: { alertname: 'ServiceDown', severity: 'critical', team: 'platform', job: 'metald' },
    annotations: { runbook_url: expect.stringMatching(/docs\/runbooks\/ServiceDown\.md$/) },
  });

  await running.startMetald();
  await eventually(
    () => about('resolved'),
    (notifications) => notifications.length > 0,
  );
  expect(about('firing')).toHaveLength(1);
  expect(about('resolved')).toHaveLength(1);
});

test('the Watchdog keeps arriving', async () => {
  const heard = () => running.sink.lastWatchdog?.getTime() ?? 0;
  const first = await eventually(heard, (time) => time > 0);
  await eventually(heard, (time) => time > first);
});
