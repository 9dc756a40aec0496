import { eventually, occupyPort } from '@vmobs/testing';
import { expect, test } from 'vitest';
import { startCommandInTest } from '../support/command.ts';

/** Away from the usual ports and those that systems give out, and different for each process that runs tests. */
const portOffset = 10_000 + (process.pid % 10_000);

function startDemo(flags: readonly string[]) {
  return startCommandInTest('demo', [`--port-offset=${portOffset}`, ...flags], {
    PATH: process.env['PATH'] ?? '',
    // Without the real parts: those have tests of their own.
    VMOBS_PARTS_CACHE: '/nonexistent',
  });
}

const answers = (port: number) =>
  fetch(`http://127.0.0.1:${port + portOffset}/health`).then(
    ({ ok }) => ok,
    () => false,
  );

test('it starts both services with traffic, and Ctrl-C ends all of it', async () => {
  const demo = startDemo(['--life=1s', '--clients=3', '--time-scale=100']);
  await eventually(
    () => demo.written.stdout,
    (text) => text.includes(`:${9464 + portOffset}/metrics`),
  );
  const page = () => fetch(`http://127.0.0.1:${9464 + portOffset}/metrics`).then((response) => response.text());
  await eventually(page, (text) =>
    /metald_vm_operations_total\{operation="delete",status="success"\} [1-9]/.test(text),
  );

  demo.signal('SIGINT');
  expect((await demo.ended()).status).toBe(0);
  // The last line is the state at the end; no client met an error, and no service had one.
  const [state, kept] = demo.written.stdout.trim().split('\n').slice(-2);
  expect(state).toMatch(/^\d+s {2}vms created=\d+ running=\d+ .* errors=0$/);
  expect(kept).toMatch(/^the files of this demo are in \/\S+; delete it when you are done$/);
  expect(await Promise.all([8080, 8081, 9464, 9465].map(answers))).toEqual([false, false, false, false]);
});

test('Ctrl-C while it starts ends what has been started', async () => {
  const demo = startDemo([]);
  await eventually(
    () => demo.written.stdout,
    (text) => text.includes('starting metald'),
  );
  demo.signal('SIGINT');
  expect(await demo.ended()).toMatchObject({ status: 0, stderr: '' });
  expect(await Promise.all([8080, 8081, 9464, 9465].map(answers))).toEqual([false, false, false, false]);
});

test('a port in use is reported with its process and what to do', async () => {
  await occupyPort(8081 + portOffset);
  const demo = startDemo([]);
  expect((await demo.ended()).status).toBe(1);
  expect(demo.written.stdout).toBe('');
  expect(demo.written.stderr).toMatch(
    new RegExp(`^demo: port ${8081 + portOffset} is in use by .*--port-offset \\d+000\n$`),
  );
  if (process.platform === 'linux') expect(demo.written.stderr).toContain(`(pid ${process.pid})`);
});

test('a service that dies ends the demo with status 1 and leaves nothing running', async () => {
  const demo = startDemo(['--clients=0']);
  await eventually(
    () => answers(9464),
    (isUp) => isUp,
  );
  await eventually(
    () => demo.written.stdout,
    (text) => text.includes('/metrics'),
  );
  const { findPortHolder } = await import('@vmobs/lab/port-holder');
  const pid = Number(/pid (\d+)/.exec((await findPortHolder(9464 + portOffset)) ?? '')?.[1]);
  process.kill(pid, 'SIGKILL');
  expect((await demo.ended()).status).toBe(1);
  expect(demo.written.stdout).toContain('metald ended by itself');
  expect(await answers(9465)).toBe(false);
});
