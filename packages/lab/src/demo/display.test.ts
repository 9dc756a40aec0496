import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { writeLine } from './display.ts';
import type { Status } from './status.ts';

const places = [
  { name: 'metald', urls: ['http://127.0.0.1:8080', 'http://127.0.0.1:9464/metrics'] },
  { name: 'alertmanager', urls: ['http://127.0.0.1:9093'] },
];

const status: Status = {
  seconds: 10.4,
  vms: { created: 1, running: 2, paused: 3, shutdown: 4 },
  rpcsPerSecond: 5.678,
  samplesPerSecond: 79.6,
  batchesSent: 12,
  batchesFailed: 6,
  samplesBilled: 7_200,
  errors: 8,
  clientErrors: 9,
  lastClientError: 'unavailable',
};

const line =
  '10s  vms created=1 running=2 paused=3 shutdown=4  rpcs/s=5.7  samples/s=80  batches sent=12 failed=6  ' +
  'billed=7200  errors=17';

test('a status is one line, with the errors of services and clients together', () => {
  expect(writeLine(status)).toBe(line);
});

test('without a terminal, output has plain lines and no control characters', () => {
  const program = `
    import { createDisplay } from '${new URL('./display.ts', import.meta.url)}';
    const display = createDisplay(process.stdout);
    display.say('starting metald');
    display.showPlaces(${JSON.stringify(places)});
    display.show(${JSON.stringify(status)});
    display.show(${JSON.stringify({ ...status, seconds: 20 })});
    display.end();
  `;
  // Even a user who wants colours gets none in a file.
  const {
    stdout,
    stderr,
    status: exitStatus,
  } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: { ...process.env, FORCE_COLOR: '1' },
  });
  expect({ exitStatus, stderr }).toEqual({ exitStatus: 0, stderr: '' });
  const metald = 'metald         http://127.0.0.1:8080  http://127.0.0.1:9464/metrics';
  const alertmanager = 'alertmanager   http://127.0.0.1:9093';
  expect(stdout).toBe(`starting metald\n${metald}\n${alertmanager}\n${line}\n${line.replace('10s', '20s')}\n`);
});
