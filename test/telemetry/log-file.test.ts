import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, symlink, truncate, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, matchesGlob } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from '@vmobs/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { numbersIn, numbersTo, parseLines, startLoggingProcess } from './logging-process.ts';

const lostFromFile = 'telemetry_log_lines_lost_total{destination="file"}';
/** A device on which there is never room. */
const fullDisk = '/dev/full';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-log-faults-'));
  file = join(folder, 'logger.log');
});
afterEach(() => rm(folder, { recursive: true }));

test('a full disk loses lines of the file alone, with one warning and a count', async () => {
  const logger = await startLoggingProcess({ env: { LOG_FILE: fullDisk } });
  const output = text(logger.output);
  let newlines = 0;
  logger.output.on('data', (chunk: Buffer | string) => {
    newlines += chunk.toString('latin1').split('\n').length - 1;
  });
  expect(await logger.metric(lostFromFile)).toBe(0);
  for (let sent = 2_000; sent <= 12_000; sent += 2_000) {
    await logger.order({ kind: 'log', count: 2_000, padding: 1_000 });
    // Never more at a time than waits in memory for a reader, however slow that is.
    await eventually(
      () => newlines,
      (count) => count >= sent,
    );
  }
  expect(await logger.isAlive()).toBe(true);
  expect(await logger.metric(lostFromFile)).toBeGreaterThan(0);
  await logger.order({ kind: 'log', count: 10 });
  logger.process.kill('SIGTERM');
  const lines = await output;
  expect(await logger.exited).toEqual([0, null]);
  expect(numbersIn(lines)).toEqual(numbersTo(12_010));
  const count = parseLines(lines).length;
  expect(parseLines(lines).map((line) => line['log.seq'])).toEqual(numbersTo(count).map((number) => number + 1));
  expect(parseLines(lines).filter(({ level }) => level === 'warn')).toMatchObject([
    {
      msg: `the log file ${fullDisk} cannot be written; lost lines are counted`,
      destination: 'file',
      err: { code: 'ENOSPC' },
    },
  ]);
  expect(logger.stderr()).toMatch(/^logger: \d+ log lines were lost: the log file \/dev\/full did not accept them\n$/);
});

test('a file that has room again gets the waiting lines whole and complete', async () => {
  const logger = await startLoggingProcess({ env: { LOG_FILE: file }, fileSizeLimit: 64 });
  const output = text(logger.output);
  await logger.order({ kind: 'log', count: 280, padding: 100 });
  const untilFull = () =>
    eventually(
      () => readFile(file, 'utf8'),
      (lines) => lines.length === 64 * 512,
    );
  const first = await untilFull();
  // Half a line is at the end of what was written; the rest of it follows.
  expect(first).not.toMatch(/\n$/);
  await truncate(file);
  const second = await untilFull();
  await truncate(file);
  await eventually(
    () => readFile(file, 'utf8'),
    (lines) => lines.includes('can be written again'),
  );
  logger.process.kill('SIGTERM');
  const third = await readFile(file, 'utf8');
  expect(numbersIn(first + second + third)).toEqual(numbersTo(280));
  const warnings = parseLines(await output).filter(({ destination }) => destination === 'file');
  expect(warnings).toMatchObject([
    { level: 'warn', err: { code: 'EFBIG' } },
    { level: 'info', lost_lines: 0, msg: `the log file ${file} can be written again` },
  ]);
});

test('SIGHUP leads the log from a full disk to another one, with every line', async () => {
  await symlink(fullDisk, file);
  const logger = await startLoggingProcess({ env: { LOG_FILE: file } });
  logger.output.resume();
  await logger.order({ kind: 'log', count: 100 });
  await unlink(file);
  logger.process.kill('SIGHUP');
  await eventually(
    () => readFile(file, 'utf8').catch(() => ''),
    (lines) => lines.includes('can be written again'),
  );
  await logger.order({ kind: 'log', count: 100 });
  expect(numbersIn(await readFile(file, 'utf8'))).toEqual(numbersTo(200));
  expect(await logger.metric(lostFromFile)).toBe(0);
});

test('files rotated at their size match no *.log and together have every line', async () => {
  const env = { LOG_FILE: file, LOG_FILE_MAX_SIZE: '64k', LOG_FILE_KEEP: '100' };
  const logger = await startLoggingProcess({ env });
  const output = text(logger.output);
  await logger.order({ kind: 'log', count: 2_000, padding: 100 });
  logger.process.kill('SIGTERM');
  const lines = await output;
  const names = await readdir(folder);
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => matchesGlob(name, '*.log'))).toEqual(['logger.log']);
  const ages = names.map((name) => Number(name.split('.log.')[1] ?? 0)).sort((one, other) => other - one);
  const contents = await Promise.all(ages.map((age) => readFile(age === 0 ? file : `${file}.${age}`, 'utf8')));
  for (const content of contents) expect(content.length).toBeLessThanOrEqual(64 * 1_024);
  expect(contents.join('')).toBe(lines);
  expect(numbersIn(lines)).toEqual(numbersTo(2_000));
});

test('with rotation off, another program rotates and SIGHUP opens the file anew', async () => {
  const logger = await startLoggingProcess({ env: { LOG_FILE: file, LOG_FILE_MAX_SIZE: '0' } });
  logger.output.resume();
  await logger.order({ kind: 'log', count: 1_000, padding: 100 });
  await rename(file, `${file}.1`);
  logger.process.kill('SIGHUP');
  await eventually(
    () => readdir(folder),
    (names) => names.includes('logger.log'),
  );
  await logger.order({ kind: 'log', count: 10 });
  const [old, current] = await Promise.all([`${file}.1`, file].map((path) => readFile(path, 'utf8')));
  expect(numbersIn(String(old))).toEqual(numbersTo(1_000));
  expect(numbersIn(`${old}${current}`)).toEqual(numbersTo(1_010));
});

test('a path that cannot be opened ends the start with one sentence', () => {
  const main = `
    import { runCommand } from '@vmobs/settings';
    import { startCommandTelemetry, telemetrySettings } from '@vmobs/telemetry/command';
    const service = { name: 'logger', version: '1.0.0' };
    await runCommand({
      ...service,
      summary: 'Talks.',
      settings: telemetrySettings(service),
      prefixes: [],
      main: async (settings) => void (await startCommandTelemetry({ settings })),
    });
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', main], {
    cwd: import.meta.dirname,
    env: { LOG_FILE: folder },
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: `logger: cannot open the log file ${folder}: it is a folder; choose another with LOG_FILE\n`,
  });
});
