import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, symlink, truncate, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, matchesGlob } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../processes/eventually.ts';
import { numbersIn, numbersTo, parseLines, startTalker } from './talking-process.ts';

const lostFromFile = 'telemetry_log_lines_lost_total{destination="file"}';
/** A device on which there is never room. */
const fullDisk = '/dev/full';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-log-faults-'));
  file = join(folder, 'talker.log');
});
afterEach(() => rm(folder, { recursive: true }));

test('a full disk costs the file its lines and nobody else: stdout has each, one warns, a metric counts', async () => {
  const talker = await startTalker({ env: { LOG_FILE: fullDisk } });
  const output = text(talker.output);
  expect(await talker.metric(lostFromFile)).toBe(0);
  await talker.order({ kind: 'log', count: 12_000, padding: 1_000 });
  expect(await talker.isAlive()).toBe(true);
  expect(await talker.metric(lostFromFile)).toBeGreaterThan(0);
  await talker.order({ kind: 'log', count: 10 });
  talker.process.kill('SIGTERM');
  const lines = await output;
  expect(await talker.exited).toEqual([0, null]);
  expect(numbersIn(lines)).toEqual(numbersTo(12_010));
  expect(parseLines(lines).filter(({ level }) => level === 'warn')).toMatchObject([
    {
      msg: `the log file ${fullDisk} cannot be written; lines that are lost are counted`,
      destination: 'file',
      err: { code: 'ENOSPC' },
    },
  ]);
  expect(talker.stderr()).toMatch(/^talker: \d+ log lines were lost: the log file \/dev\/full did not take them\n$/);
});

test('when there is room again the file gets what has waited, no line torn, none missing', async () => {
  const talker = await startTalker({ env: { LOG_FILE: file }, fileSizeLimit: 64 });
  const output = text(talker.output);
  await talker.order({ kind: 'log', count: 400, padding: 100 });
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
    (lines) => lines.includes('is written again'),
  );
  talker.process.kill('SIGTERM');
  const third = await readFile(file, 'utf8');
  expect(numbersIn(first + second + third)).toEqual(numbersTo(400));
  const warnings = parseLines(await output).filter(({ destination }) => destination === 'file');
  expect(warnings).toMatchObject([
    { level: 'warn', err: { code: 'EFBIG' } },
    { level: 'info', lost_lines: 0, msg: `the log file ${file} is written again` },
  ]);
});

test('SIGHUP leads the log from a full disk to another one, with every line', async () => {
  await symlink(fullDisk, file);
  const talker = await startTalker({ env: { LOG_FILE: file } });
  talker.output.resume();
  await talker.order({ kind: 'log', count: 100 });
  await unlink(file);
  talker.process.kill('SIGHUP');
  await eventually(
    () => readFile(file, 'utf8').catch(() => ''),
    (lines) => lines.includes('is written again'),
  );
  await talker.order({ kind: 'log', count: 100 });
  expect(numbersIn(await readFile(file, 'utf8'))).toEqual(numbersTo(200));
  expect(await talker.metric(lostFromFile)).toBe(0);
});

test('the file is rotated at its size; the old ones match no *.log, and together they are what was logged', async () => {
  const env = { LOG_FILE: file, LOG_FILE_MAX_SIZE: '64k', LOG_FILE_KEEP: '100' };
  const talker = await startTalker({ env });
  const output = text(talker.output);
  await talker.order({ kind: 'log', count: 2_000, padding: 100 });
  talker.process.kill('SIGTERM');
  const lines = await output;
  const names = await readdir(folder);
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => matchesGlob(name, '*.log'))).toEqual(['talker.log']);
  const ages = names.map((name) => Number(name.split('.log.')[1] ?? 0)).sort((one, other) => other - one);
  const contents = await Promise.all(ages.map((age) => readFile(age === 0 ? file : `${file}.${age}`, 'utf8')));
  for (const content of contents) expect(content.length).toBeLessThanOrEqual(64 * 1_024);
  expect(contents.join('')).toBe(lines);
  expect(numbersIn(lines)).toEqual(numbersTo(2_000));
});

test('with rotation off, another program rotates and SIGHUP opens the file anew', async () => {
  const talker = await startTalker({ env: { LOG_FILE: file, LOG_FILE_MAX_SIZE: '0' } });
  talker.output.resume();
  await talker.order({ kind: 'log', count: 1_000, padding: 100 });
  await rename(file, `${file}.1`);
  talker.process.kill('SIGHUP');
  await eventually(
    () => readdir(folder),
    (names) => names.includes('talker.log'),
  );
  await talker.order({ kind: 'log', count: 10 });
  const [old, current] = await Promise.all([`${file}.1`, file].map((path) => readFile(path, 'utf8')));
  expect(numbersIn(String(old))).toEqual(numbersTo(1_000));
  expect(numbersIn(`${old}${current}`)).toEqual(numbersTo(1_010));
});

test('a path that cannot be opened ends the start with one sentence', () => {
  const main = `
    import { runCommand, startTelemetry, telemetrySettings } from '@vmobs/telemetry';
    const service = { name: 'talker', version: '1.0.0' };
    await runCommand({
      ...service,
      summary: 'Talks.',
      settings: telemetrySettings(service),
      prefixes: [],
      main: async (settings) => void (await startTelemetry({ ...service, settings })),
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
    stderr: `talker: cannot open the log file ${folder}: it is a folder; choose another with LOG_FILE\n`,
  });
});
