import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

type Behaviour =
  | 'starting'
  | 'starting for ever'
  | 'failing to start'
  | 'orderly'
  | 'stuck'
  | 'failing'
  | 'throwing'
  | 'throwing a text'
  | 'rejecting'
  | 'ending';

/** A service that behaves as its first argument says and logs to the file that is the second. */
const fixture = `
import { createLogs } from '${new URL('../logs/logger.ts', import.meta.url)}';
import { runUntilSignal } from '${new URL('./run-until-signal.ts', import.meta.url)}';

const [behaviour, file] = process.argv.slice(2);
const { logger, reopen } = createLogs({ service: 'fixture', file: file ? { path: file } : undefined });
const close = async () => {
  logger.info('closing');
  if (behaviour === 'failing') throw new Error('disk full');
  if (behaviour === 'stuck') await new Promise(() => {});
  logger.info('closed');
};
const reopenLogs = () => {
  reopen();
  logger.info('reopened');
};
const ended = behaviour === 'ending' ? Promise.resolve(3) : new Promise(() => {});
const start = async (signal) => {
  if (behaviour.includes('start')) {
    logger.info('started');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    logger.info('told to end');
    if (behaviour === 'starting for ever') await new Promise(() => {});
    if (behaviour === 'failing to start') throw new Error('gave up');
  }
  return { close, reopenLogs: file ? reopenLogs : undefined, logger, ended };
};
const exitStatus = runUntilSignal(start);
setInterval(() => {}, 1_000);
if (!behaviour.includes('start')) logger.info('started');
if (behaviour === 'throwing') setImmediate(() => { throw new Error('no disk'); });
if (behaviour === 'throwing a text') setImmediate(() => { throw 'no disk'; });
if (behaviour === 'rejecting') Promise.reject(new Error('no network'));
process.exit(await exitStatus);
`;

let folder: string;
let child: ChildProcess | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-until-signal-test-'));
  writeFileSync(join(folder, 'fixture.mjs'), fixture);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  child?.kill('SIGKILL');
  child = undefined;
});

/** Starts the fixture and waits until it runs. */
async function start(behaviour: Behaviour, file = '') {
  const started = spawn(process.execPath, [join(folder, 'fixture.mjs'), behaviour, file], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child = started;
  const written = { stdout: '', stderr: '' };
  started.stdout?.on('data', (chunk) => (written.stdout += chunk));
  started.stderr?.on('data', (chunk) => (written.stderr += chunk));
  const closed = once(started, 'close');
  const lines = (): Record<string, unknown>[] =>
    written.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  const messages = () => lines().map(({ msg }) => msg);
  const hasLogged = (message: string) => expect.poll(messages, { timeout: 100_000 }).toContain(message);
  await hasLogged('started');
  return { process: started, lines, messages, hasLogged, stderr: () => written.stderr, ended: () => closed };
}

test.for(['SIGTERM', 'SIGINT'] as const)('%s closes the service, and the status is 0', async (signal) => {
  const service = await start('orderly');
  service.process.kill(signal);
  expect(await service.ended()).toEqual([0, null]);
  expect(service.lines()).toMatchObject([
    { msg: 'started' },
    { msg: 'signal received', signal },
    { msg: 'closing' },
    { msg: 'closed' },
  ]);
});

test.for([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a second signal, %s, ends a close that is stuck with status %i', async ([signal, status]) => {
  const service = await start('stuck');
  service.process.kill('SIGTERM');
  await service.hasLogged('closing');
  service.process.kill(signal);
  expect(await service.ended()).toEqual([status, null]);
  expect(service.messages()).not.toContain('closed');
});

test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s during the start closes what was started', async (signal) => {
  const service = await start('starting');
  service.process.kill(signal);
  expect(await service.ended()).toEqual([0, null]);
  expect(service.messages()).toEqual(['started', 'told to end', 'signal received', 'closing', 'closed']);
});

test.for(['starting for ever', 'failing to start'] as const)('a start that is %s ends with a signal', async (how) => {
  const service = await start(how);
  service.process.kill('SIGTERM');
  expect(await service.ended()).toEqual([0, null]);
  expect([service.messages(), service.stderr()]).toEqual([['started', 'told to end'], '']);
});

test('SIGHUP ends a service that has no log file', async () => {
  const service = await start('orderly');
  service.process.kill('SIGHUP');
  expect(await service.ended()).toEqual([0, null]);
  expect(service.messages()).toEqual(['started', 'signal received', 'closing', 'closed']);
});

test('a parent that goes away closes the service', async () => {
  const service = await start('orderly');
  // Node emits no `close` for a child that was disconnected, so its end and its last line are awaited one by one.
  const exited = once(service.process, 'exit');
  service.process.disconnect();
  expect(await exited).toEqual([0, null]);
  await service.hasLogged('closed');
  expect(service.messages()).toEqual(['started', 'closing', 'closed']);
});

test.for([
  ['throwing', 'no disk'],
  ['rejecting', 'no network'],
] as const)('a service that is %s without a catch is closed with a fatal line and status 1', async ([how, message]) => {
  const service = await start(how);
  expect(await service.ended()).toEqual([1, null]);
  expect(service.lines().slice(1)).toMatchObject([
    { level: 'fatal', msg: 'uncaught exception', err: { message, stack: expect.stringContaining('fixture.mjs') } },
    { msg: 'closing' },
    { msg: 'closed' },
  ]);
});

test('a text that is thrown is an error in the log, too', async () => {
  const service = await start('throwing a text');
  expect(await service.ended()).toEqual([1, null]);
  expect(service.lines()[1]).toMatchObject({ level: 'fatal', err: { type: 'Error', message: "'no disk'" } });
});

test('a service that comes to its own end is closed, and its status is passed on', async () => {
  const service = await start('ending');
  expect(await service.ended()).toEqual([3, null]);
  expect(service.messages()).toEqual(['started', 'closing', 'closed']);
});

test('a close that fails says why, and the status is 1', async () => {
  const service = await start('failing');
  service.process.kill('SIGTERM');
  expect(await service.ended()).toEqual([1, null]);
  expect(service.stderr()).toBe('shutdown was not clean: disk full\n');
});

test('SIGHUP reopens the log file and the service continues', async () => {
  const file = join(folder, 'fixture.log');
  const service = await start('orderly', file);
  renameSync(file, `${file}.1`);
  service.process.kill('SIGHUP');
  await service.hasLogged('reopened');
  service.process.kill('SIGTERM');
  expect(await service.ended()).toEqual([0, null]);
  expect(readFileSync(`${file}.1`, 'utf8')).toContain('"msg":"started"');
  expect(readFileSync(file, 'utf8')).toMatch(/^.*"msg":"reopened".*\n.*"msg":"signal received"/);
});

/** Whether the command `script` is there and may open a terminal. */
const hasScript = spawnSync('script', ['-q', '-e', '-c', 'true', '/dev/null']).status === 0;

test.skipIf(!hasScript)(
  'a service with a log file ends when its terminal is closed (needs the command script)',
  async () => {
    const file = join(folder, 'terminal.log');
    const command = `exec '${process.execPath}' '${join(folder, 'fixture.mjs')}' orderly '${file}'`;
    child = spawn('script', ['-q', '-c', command, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const messages = () =>
      (existsSync(file) ? readFileSync(file, 'utf8') : '')
        .split('\n')
        .flatMap((line) => /"msg":"(.*?)"/.exec(line)?.[1] ?? []);
    await expect.poll(messages, { timeout: 100_000 }).toContain('started');
    // The terminal ends with the program that has opened it.
    child.kill('SIGKILL');
    await expect.poll(messages, { timeout: 100_000 }).toContain('closed');
    // Besides, it may say that standard output cannot be written.
    expect(messages()).toEqual(expect.arrayContaining(['started', 'signal received', 'closing']));
  },
);
