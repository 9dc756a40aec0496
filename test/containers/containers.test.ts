import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readGuideCommands } from '../docs/guide-commands.ts';
import { readComposeServices } from '../support/compose-model.ts';
import { dockerCompose, type Outcome, run } from './docker.ts';

let up: Outcome;
let settledAt: number;

beforeAll(async () => {
  const built = await dockerCompose('build', '--quiet');
  expect(built).toMatchObject({ status: 0 });
  up = await dockerCompose('up', '--detach', '--wait');
  // The minute or two after which docs/guide-map.md promises that everything is there.
  settledAt = Date.now() + 90_000;
});
afterAll(async () => {
  await dockerCompose('down', '--volumes');
});

test('docker compose accepts its files without a remark', async () => {
  expect(await dockerCompose('--profile', '*', 'config', '--quiet')).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('everything comes up and is healthy, without a warning', async () => {
  expect(up.status).toBe(0);
  expect(up.stderr).not.toMatch(/warn/i);
  const { stdout } = await dockerCompose(
    'ps',
    '--all',
    '--format',
    '{{.Service}} {{.State}} {{.Health}} {{.ExitCode}}',
  );
  const byDefault = [...(await readComposeServices())].filter(([, { profiles }]) => profiles === undefined);
  const wanted = byDefault.map(([name, { healthcheck }]) => {
    if (name === 'setup') return 'setup exited  0';
    return `${name} running ${healthcheck === undefined ? '' : 'healthy'} 0`;
  });
  expect(stdout.trim().split('\n').sort()).toEqual(wanted.sort());
});

test('no process in them runs as root', async () => {
  const { stdout: ids } = await dockerCompose('ps', '--quiet');
  for (const id of ids.trim().split('\n')) {
    const { stdout } = await run('docker', ['top', id, '-o', 'pid,uid,comm']);
    const [, ...processes] = stdout.trim().split('\n');
    expect(processes.length).toBeGreaterThan(0);
    for (const process of processes) expect(process).not.toMatch(/^\d+\s+0\s/);
  }
});

test('a check in a container of its own finds every log line in the log store', async () => {
  const check = await dockerCompose('run', '--rm', '--no-deps', '-T', 'lab', 'logs', 'check', '--settle=10s', '--json');
  expect(check.status).toBe(0);
  expect(JSON.parse(check.stdout)).toMatchObject({
    missing: 0,
    processes: [
      { service: 'billaged', first: 1 },
      { service: 'metald', first: 1 },
    ],
  });
});

test('nothing was ended for want of memory, and nothing was started twice', async () => {
  const { stdout: ids } = await dockerCompose('ps', '--all', '--quiet');
  const format = '{{.Name}} {{.State.OOMKilled}} {{.RestartCount}}';
  const { stdout } = await run('docker', ['inspect', '--format', format, ...ids.trim().split('\n')]);
  expect(
    stdout
      .trim()
      .split('\n')
      .filter((line) => !line.endsWith(' false 0')),
  ).toEqual([]);
});

const commands = (await readGuideCommands()).filter(({ runsWith }) => runsWith !== 'demo');

test.each(commands)('$purpose (line $line) prints what the guide map says', async ({ script, prints }) => {
  const isAsDocumented = ({ status, stdout }: Outcome) => status === 0 && prints.every((text) => stdout.includes(text));
  const ask = () => run('bash', ['-e', '-o', 'pipefail', '-c', script]);
  let outcome = await ask();
  while (!isAsDocumented(outcome) && Date.now() < settledAt) {
    await sleep(1_000);
    outcome = await ask();
  }
  expect(outcome).toMatchObject({ status: 0, stderr: '' });
  for (const text of prints) expect(outcome.stdout).toContain(text);
});

test('the lab gets an alert when a service is down and its end when it is back', async () => {
  const notifications = async (wanted: 'firing' | 'resolved') => {
    const response = await fetch('http://127.0.0.1:8090/alerts');
    const { notifications: all } = (await response.json()) as {
      notifications: { status: string; groupLabels: Record<string, string>; alerts: { labels: object }[] }[];
    };
    return all.filter(({ status, groupLabels }) => status === wanted && groupLabels['alertname'] === 'ServiceDown');
  };
  expect(await dockerCompose('stop', 'billaged-sim')).toMatchObject({ status: 0 });
  // A minute until it fires and half a minute in which it is grouped, by the real clock.
  await expect.poll(() => notifications('firing'), { timeout: 240_000, interval: 1_000 }).toHaveLength(1);
  expect(await dockerCompose('up', '--detach', '--wait', '--no-deps', 'billaged-sim')).toMatchObject({ status: 0 });
  await expect.poll(() => notifications('resolved'), { timeout: 480_000, interval: 1_000 }).toHaveLength(1);
  const [firing] = await notifications('firing');
  expect(firing?.alerts.map(({ labels }) => labels)).toEqual([
    expect.objectContaining({ job: 'billaged', severity: 'critical', team: 'platform' }),
  ]);
}, 900_000);
