import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const server = createServer(({ url }, response) => {
  if (url === '/hangs') return;
  response.statusCode = url === '/ready' ? 204 : 503;
  response.end();
});
let base: string;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function start(...flags: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...flags]);
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => output.push(data));
  const ended = once(child, 'close').then(([status]) => ({ status, output: Buffer.concat(output).toString() }));
  return { child, ended };
}

const probe = (...flags: string[]) => start(...flags).ended;

test('an address that answers is healthy, without a word', async () => {
  expect(await probe(`${base}/ready`)).toEqual({ status: 0, output: '' });
});

test('another status is not, and is reported', async () => {
  expect(await probe(`${base}/draining`)).toEqual({ status: 1, output: `${base}/draining answered 503\n` });
});

test('neither is an address that does not answer in time', async () => {
  expect(await probe(`${base}/hangs`)).toEqual({
    status: 1,
    output: `${base}/hangs did not answer within 3000 ms\n`,
  });
});

test('neither is one where nobody listens', async () => {
  const { status, output } = await probe('http://127.0.0.1:1/');
  expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining('does not answer: connect ECONN') });
});

test.each([[[]], [['ftp://127.0.0.1/']], [['--wait', 'http://127.0.0.1/']]])(
  'wrong usage is status 2: %j',
  async (flags) => {
    const { status, output } = await probe(...flags);
    expect({ status, output }).toEqual({ status: 2, output: expect.stringMatching(/^Usage: probe/) });
  },
);

test('with --watch it stays until it is told to end', async () => {
  const { child, ended } = start('--watch', `${base}/hangs`);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await ended).toEqual({ status: 0, output: `here for the healthcheck of ${base}/hangs\n` });
});
