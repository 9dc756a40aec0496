import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from '@vmobs/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { numbersIn, numbersTo, parseLines, startLoggingProcess } from './logging-process.ts';

const lostFromStdout = 'telemetry_log_lines_lost_total{destination="stdout"}';
/** More than any pipe takes, and less than waits in memory. */
const flood = { count: 4_000, padding: 1_000 };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-log-faults-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a paused reader does not stop the service, and gets every line when it resumes', async () => {
  const logger = await startLoggingProcess();
  await logger.order({ kind: 'log', ...flood });
  expect(await logger.isAlive()).toBe(true);
  const output = text(logger.output);
  logger.process.kill('SIGTERM');
  expect(numbersIn(await output)).toEqual(numbersTo(flood.count));
  expect(await logger.exited).toEqual([0, null]);
  expect(logger.stderr()).toBe('');
});

test('lines dropped for a paused reader are counted and reported when it resumes', async () => {
  const logger = await startLoggingProcess();
  await logger.order({ kind: 'log', count: 12_000, padding: 1_000 });
  const lost = await logger.metric(lostFromStdout);
  expect(lost).toBeGreaterThan(0);
  await expect.poll(logger.stderr).toBe('logger: standard output is not read; lost lines are counted\n');
  let written = '';
  logger.output.setEncoding('utf8').on('data', (chunk: string) => (written += chunk));
  await eventually(
    () => written,
    (lines) => lines.includes('can be written again'),
  );
  const numbers = numbersIn(written);
  expect(numbers).toEqual(numbersTo(12_000 - lost));
  const last = parseLines(written).at(-1);
  expect(last).toMatchObject({ level: 'warn', destination: 'stdout', lost_lines: lost });
  // The numbers that are not there are those that the service says are lost.
  const sequences = parseLines(written).map((line) => Number(line['log.seq']));
  const missing = numbersTo(sequences.at(-1) ?? 0).filter((number) => !sequences.includes(number + 1));
  expect(last?.['lost_sequences']).toBe(`${Number(missing[0]) + 1}-${Number(missing.at(-1)) + 1}`);
  expect(missing).toHaveLength(lost);
});

test('process.exit among lines that wait loses none', async () => {
  const logger = await startLoggingProcess();
  logger.lastOrder({ kind: 'log and exit', ...flood });
  expect(numbersIn(await text(logger.output))).toEqual(numbersTo(flood.count));
  expect(await logger.exited).toEqual([3, null]);
});

test.for([undefined, 'unwatched'] as const)('a crash among lines that wait loses none (%s)', async (argument) => {
  const logger = await startLoggingProcess(argument === undefined ? {} : { argument });
  logger.lastOrder({ kind: 'log and throw', ...flood });
  const lines = await text(logger.output);
  expect(numbersIn(lines)).toEqual(numbersTo(flood.count));
  expect(await logger.exited).toEqual([1, null]);
  // The line about the crash has a number, too.
  const sequences = parseLines(lines).map((line) => line['log.seq']);
  expect(sequences).toEqual(numbersTo(sequences.length).map((number) => number + 1));
  if (argument === undefined) {
    expect(parseLines(lines).at(-1)).toMatchObject({ level: 'fatal', err: { message: 'no disk' } });
  } else expect(logger.stderr()).toContain('Error: no disk');
});

test('a reader that never resumes does not delay the exit, and the loss is reported', async () => {
  const logger = await startLoggingProcess();
  await logger.order({ kind: 'log', ...flood });
  logger.process.kill('SIGTERM');
  expect(await logger.exited).toEqual([0, null]);
  await expect.poll(logger.stderr).toMatch(/^logger: \d+ log lines were lost: standard output did not accept them\n$/);
});

test('a reader that is gone neither ends the service nor keeps its lines from the file', async () => {
  const file = join(folder, 'logger.log');
  const logger = await startLoggingProcess({ env: { LOG_FILE: file } });
  logger.output.destroy();
  await logger.order({ kind: 'log', count: 100 });
  expect(await logger.isAlive()).toBe(true);
  // And the line that says so.
  await expect.poll(() => logger.metric(lostFromStdout)).toBe(101);
  logger.process.kill('SIGTERM');
  expect(await logger.exited).toEqual([0, null]);
  const lines = await readFile(file, 'utf8');
  expect(numbersIn(lines)).toEqual(numbersTo(100));
  expect(parseLines(lines).filter(({ level }) => level === 'warn')).toMatchObject([
    { destination: 'stdout', err: { code: 'EPIPE' } },
  ]);
  const sequences = parseLines(lines).map((line) => Number(line['log.seq']));
  expect(sequences.toSorted((one, other) => one - other)).toEqual(numbersTo(sequences.length).map((n) => n + 1));
  expect(logger.stderr()).toBe('');
});

test('without a file, standard error reports once that the reader is gone', async () => {
  const logger = await startLoggingProcess();
  logger.output.destroy();
  await logger.order({ kind: 'log', count: 100 });
  await expect.poll(logger.stderr).toBe('logger: standard output cannot be written; lost lines are counted\n');
});
