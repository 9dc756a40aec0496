import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../processes/eventually.ts';

const main = fileURLToPath(import.meta.resolve('@vmobs/lab/demo'));

/** Far from the usual ports, and different for each process that runs tests, so that they do not meet. */
const portOffset = 20_000 + (process.pid % 20_000);

function startDemo(flags: readonly string[]) {
  const child = spawn(process.execPath, [main, `--port-offset=${portOffset}`, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const exit = once(child, 'exit').then(([status]) => status);
  return { child, exit, output: () => output };
}

let blocker: ReturnType<typeof createServer> | undefined;
afterEach(() => blocker?.close());

const answers = (port: number) =>
  fetch(`http://127.0.0.1:${port + portOffset}/health`).then(
    ({ ok }) => ok,
    () => false,
  );

test('it starts both services with traffic, and Ctrl-C ends all of it', async () => {
  const demo = startDemo(['--life=1s', '--clients=3', '--time-scale=100']);
  await eventually(
    () => demo.output(),
    (text) => text.includes(`:${9464 + portOffset}/metrics`),
  );
  const page = () => fetch(`http://127.0.0.1:${9464 + portOffset}/metrics`).then((response) => response.text());
  await eventually(page, (text) =>
    /metald_vm_operations_total\{operation="delete",status="success"\} [1-9]/.test(text),
  );

  demo.child.kill('SIGINT');
  expect(await demo.exit).toBe(0);
  // The last line is the state at the end; no client met an error, and no service had one.
  expect(demo.output().trim().split('\n').at(-1)).toMatch(/^\d+s {2}vms created=\d+ running=\d+ .* errors=0$/);
  expect(await Promise.all([8080, 8081, 9464, 9465].map(answers))).toEqual([false, false, false, false]);
});

test('a port that is taken is named, with who has it and what to do', async () => {
  blocker = createServer().listen(8081 + portOffset, '127.0.0.1');
  await once(blocker, 'listening');
  const demo = startDemo([]);
  expect(await demo.exit).toBe(1);
  expect(demo.output()).toMatch(new RegExp(`^demo: port ${8081 + portOffset} is taken by .*--port-offset 1000\n$`));
  if (process.platform === 'linux') expect(demo.output()).toContain(`(pid ${process.pid})`);
});

test('a service that dies ends the demo with status 1 and leaves nothing running', async () => {
  const demo = startDemo(['--clients=0']);
  await eventually(
    () => answers(9464),
    (isUp) => isUp,
  );
  await eventually(
    () => demo.output(),
    (text) => text.includes('/metrics'),
  );
  const { findPortHolder } = await import('@vmobs/lab/port-holder');
  const pid = Number(/pid (\d+)/.exec((await findPortHolder(9464 + portOffset)) ?? '')?.[1]);
  process.kill(pid, 'SIGKILL');
  expect(await demo.exit).toBe(1);
  expect(demo.output()).toContain('metald ended by itself');
  expect(await answers(9465)).toBe(false);
});
