import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../processes/eventually.ts';
import { numbersIn, numbersTo, parseLines, startTalker } from './talking-process.ts';

const lostFromStdout = 'telemetry_log_lines_lost_total{destination="stdout"}';
/** More than any pipe takes, and less than waits in memory. */
const flood = { count: 4_000, padding: 1_000 };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-log-faults-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a reader that has stopped does not stop the service, and gets every line when it goes on', async () => {
  const talker = await startTalker();
  await talker.order({ kind: 'log', ...flood });
  expect(await talker.isAlive()).toBe(true);
  const output = text(talker.output);
  talker.process.kill('SIGTERM');
  expect(numbersIn(await output)).toEqual(numbersTo(flood.count));
  expect(await talker.exited).toEqual([0, null]);
  expect(talker.stderr()).toBe('');
});

test('lines for which a stopped reader leaves no room are counted, and said to it when it goes on', async () => {
  const talker = await startTalker();
  await talker.order({ kind: 'log', count: 12_000, padding: 1_000 });
  const lost = await talker.metric(lostFromStdout);
  expect(lost).toBeGreaterThan(0);
  expect(talker.stderr()).toBe('talker: standard output is not read; lines that are lost are counted\n');
  let written = '';
  talker.output.setEncoding('utf8').on('data', (chunk: string) => (written += chunk));
  await eventually(
    () => written,
    (lines) => lines.includes('is written again'),
  );
  const numbers = numbersIn(written);
  expect(numbers).toEqual(numbersTo(12_000 - lost));
  expect(parseLines(written).at(-1)).toMatchObject({ level: 'warn', destination: 'stdout', lost_lines: lost });
});

test('process.exit among lines that wait loses none', async () => {
  const talker = await startTalker();
  talker.lastOrder({ kind: 'log and exit', ...flood });
  expect(numbersIn(await text(talker.output))).toEqual(numbersTo(flood.count));
  expect(await talker.exited).toEqual([3, null]);
});

test.for([undefined, 'unwatched'] as const)('a crash among lines that wait loses none (%s)', async (argument) => {
  const talker = await startTalker(argument === undefined ? {} : { argument });
  talker.lastOrder({ kind: 'log and throw', ...flood });
  const lines = await text(talker.output);
  expect(numbersIn(lines)).toEqual(numbersTo(flood.count));
  expect(await talker.exited).toEqual([1, null]);
  if (argument === undefined) {
    expect(parseLines(lines).at(-1)).toMatchObject({ level: 'fatal', err: { message: 'no disk' } });
  } else expect(talker.stderr()).toContain('Error: no disk');
});

test('a reader that never goes on does not keep the process from its end, and what is lost is said', async () => {
  const talker = await startTalker();
  await talker.order({ kind: 'log', ...flood });
  talker.process.kill('SIGTERM');
  expect(await talker.exited).toEqual([0, null]);
  await expect.poll(talker.stderr).toMatch(/^talker: \d+ log lines were lost: standard output did not take them\n$/);
});

test('a reader that is gone neither ends the service nor keeps its lines from the file', async () => {
  const file = join(folder, 'talker.log');
  const talker = await startTalker({ env: { LOG_FILE: file } });
  talker.output.destroy();
  await talker.order({ kind: 'log', count: 100 });
  expect(await talker.isAlive()).toBe(true);
  expect(await talker.metric(lostFromStdout)).toBe(100);
  talker.process.kill('SIGTERM');
  expect(await talker.exited).toEqual([0, null]);
  const lines = await readFile(file, 'utf8');
  expect(numbersIn(lines)).toEqual(numbersTo(100));
  expect(parseLines(lines).filter(({ level }) => level === 'warn')).toMatchObject([
    { destination: 'stdout', err: { code: 'EPIPE' } },
  ]);
  expect(talker.stderr()).toBe('');
});

test('without a file, standard error is told once of a reader that is gone', async () => {
  const talker = await startTalker();
  talker.output.destroy();
  await talker.order({ kind: 'log', count: 100 });
  expect(talker.stderr()).toBe('talker: standard output cannot be written; lines that are lost are counted\n');
});
