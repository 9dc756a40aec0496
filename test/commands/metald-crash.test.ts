import { untilReady } from '@vmobs/testing';
import { expect, test } from 'vitest';
import { startCommandInTest } from '../support/command.ts';

const flags = ['--port=0', '--metrics-port=0', '--no-billing'];

test('process-crash answers its request and then ends the process at once', async () => {
  const metald = startCommandInTest('metald-sim', flags, { SIM_CONTROL: 'true' });
  const { url } = await untilReady(metald);
  const response = await fetch(`${url}/sim/faults/process-crash`, { method: 'PUT' });
  expect(await response.json()).toMatchObject({ name: 'process-crash', active: { values: { size: 100 } } });
  // No status: a signal has ended it, which a shell and Docker call 137.
  expect((await metald.ended()).status).toBeNull();
  expect(metald.log()).toContainEqual(expect.objectContaining({ msg: 'fault is on', fault: 'process-crash' }));
  expect(metald.log().filter(({ msg }) => msg === 'shutting down')).toEqual([]);
});

/** What makes a process one that the kernel does not end by its own signals, and that says when a handler of its end runs. */
const firstOfContainer = `
  const { kill } = process;
  process.kill = (pid, signal) => signal === 'SIGKILL' || kill(pid, signal);
  process.on('exit', () => console.error('a handler has run'));`;

test('process-crash ends process 1 of a container with the status of a signal', async () => {
  const metald = startCommandInTest('metald-sim', flags, {
    SIM_CONTROL: 'true',
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(firstOfContainer)}`,
  });
  const { url } = await untilReady(metald);
  await fetch(`${url}/sim/faults/process-crash`, { method: 'PUT' });
  expect(await metald.ended()).toMatchObject({ status: 137, stderr: '' });
  expect(metald.log().filter(({ msg }) => msg === 'shutting down')).toEqual([]);
});

test('process-crash can be switched off in time', async () => {
  const metald = startCommandInTest('metald-sim', flags, { SIM_CONTROL: 'true' });
  const { url } = await untilReady(metald);
  await fetch(`${url}/sim/faults/process-crash`, { method: 'PUT', body: '{"size": 3600000}' });
  expect(await (await fetch(`${url}/sim/faults`, { method: 'DELETE' })).json()).toEqual({
    switched_off: ['process-crash'],
  });
  metald.signal('SIGTERM');
  expect((await metald.ended()).status).toBe(0);
});

test('a token file that cannot be read ends the command with what is allowed', async () => {
  const { status, stderr } = await startCommandInTest('metald-sim', flags, {
    SIM_CONTROL: 'true',
    SIM_CONTROL_TOKEN_FILE: '/nonexistent/token',
  }).ended();
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^metald-sim: SIM_CONTROL_TOKEN_FILE="\/nonexistent\/token": allowed is the path of a file with a token of at least 16 .*ENOENT.*\n$/,
  );
});
