import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-logs-command-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the command where no demo runs. */
function logs(...words: string[]): Promise<{ status: number | string; stdout: string; stderr: string }> {
  const env = { PATH: process.env['PATH'], TMPDIR: folder };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'main.ts'), ...words], { env }, (error, stdout, stderr) => {
      resolve({ status: error?.code ?? 0, stdout, stderr });
    });
  });
}

test.for([
  [[], 'logs: no command given'],
  [['fix'], 'logs: unknown command fix'],
] as const)('wrong usage is status 2: %j', async ([words, message]) => {
  const { status, stderr } = await logs(...words);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(`^${message}\n\nUsage: logs check`) });
});

test('--help lists both commands, and for each command its flags and statuses', async () => {
  expect(await logs('--help')).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/check {3}Compares[\s\S]*repair/),
  });
  const { status, stdout } = await logs('check', '--help');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Usage: logs check \[flags\]/);
  expect(stdout).toMatch(/--since[\s\S]*--settle[\s\S]*3 lines are missing or overdue\.\n$/);
});

test.for([
  [[], 'no running demo was found, and --files is not set; start one with `npx -y pnpm@12 demo`, or name'],
  [['--files=/nowhere'], 'there is no folder /nowhere; name the folders of the log files with --files'],
  [['--files=/etc/passwd'], '/etc/passwd is a file, not a folder; name'],
  [['--files=.', '--store-url=elsewhere'], 'elsewhere is not the address of a log store; use one such as http://127'],
] as const)('%j is an error that says what to change', async ([flags, message]) => {
  const { status, stderr } = await logs('check', ...flags);
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(message) });
});

/** Stands for a log store that has no line. */
async function startEmptyStore(): Promise<{ url: string; server: Server }> {
  const server = createServer((_request, response) => response.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const line = `{"level":"info","timestamp":"${new Date().toISOString()}","service":"metald","service.instance.id":"a","log.seq":1}\n`;

test('lines that are not stored in time are status 3', async () => {
  await writeFile(join(folder, 'metald.log'), line);
  const { url, server } = await startEmptyStore();
  const { status, stdout } = await logs('check', `--files=${folder}`, `--store-url=${url}`, '--settle=10ms', '--json');
  server.close();
  expect(JSON.parse(stdout)).toMatchObject({ missing: 0, overdue: 1, processes: [{ instance: 'a', overdue: '1' }] });
  expect(status).toBe(3);
});

test('a folder without a log file is an error', async () => {
  const { status, stderr } = await logs('check', `--files=${folder}`);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `logs check: no log file (*.log) in ${folder}; name the folders of the services with --files\n`,
  });
});

test('the folder of a demo is refused with a hint at its subfolders', async () => {
  await mkdir(join(folder, 'demo/metald'), { recursive: true });
  await writeFile(join(folder, 'demo/otelcol.log'), 'no line of a service\n');
  await writeFile(join(folder, 'demo/metald/metald.log'), line);
  const { url, server } = await startEmptyStore();
  const { status, stderr } = await logs('check', `--files=${folder}/demo`, `--store-url=${url}`, '--settle=10ms');
  server.close();
  expect(status).toBe(1);
  expect(stderr).toMatch(/no line of a service since .* in .*\/demo; try --files=.*\/demo\/metald\n$/);
});

test('a repair reports the number of lines sent, and a check the repair command', async () => {
  await writeFile(join(folder, 'metald.log'), line);
  const { url, server } = await startEmptyStore();
  const flags = [`--files=${folder}`, `--store-url=${url}`, '--settle=10ms'];
  expect((await logs('check', ...flags)).stdout).toContain(
    `if it will not run again: logs repair ${flags.join(' ')} --also-waiting\n`,
  );
  expect((await logs('repair', ...flags)).stdout).toMatch(/\n0 lines sent\n$/);
  expect((await logs('repair', ...flags, '--also-waiting')).stdout).toMatch(/\n1 line sent\n$/);
  server.close();
});

test('a store that does not answer is named, with the flag for another', async () => {
  await writeFile(join(folder, 'metald.log'), line);
  const { status, stderr } = await logs('check', `--files=${folder}`, '--store-url=http://127.0.0.1:1');
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: expect.stringMatching(/VictoriaLogs on http:\/\/127\.0\.0\.1:1 does not answer: .*; .* --store-url\n$/),
  });
});
