import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { countOf, eachLineOnce, type ProcessReport } from '@vmobs/lab/logs';
import { startProcess } from '@vmobs/lab/processes';
import { placePart } from '@vmobs/lab/stack';
import { expect, onTestFinished, test } from 'vitest';
import { type LogPipeline, startLogPipeline } from './log-pipeline.ts';
import { reportMeasured } from './report-measured.ts';
import { requirePart } from './require-part.ts';

/*
 * What is lost of log lines, what is stored twice, and what a query shows, when a part of their way or a service crashes, has
 * no disk or loses its memory; and that a repair brings back every line that is in a file. The figures are in docs/losses.md.
 *
 * LOG_LOSS_ROUNDS says how many crashes of each; 20 are what the page tells of.
 */

const rounds = Number(process.env['LOG_LOSS_ROUNDS'] ?? 3);

let pipeline: LogPipeline;

/** Starts a pipeline for the test that runs, and closes it at the end of that. */
async function begin(...options: Parameters<typeof startLogPipeline>): Promise<void> {
  pipeline = await startLogPipeline(...options);
  onTestFinished(pipeline.close);
}

interface Sums {
  readonly written: number;
  readonly stored: number;
  readonly missing: number;
  readonly gone: number;
  readonly doubled: number;
}

function sumUp(reports: readonly ProcessReport[]): Sums {
  const sum = (of: (report: ProcessReport) => number) => reports.reduce((total, report) => total + of(report), 0);
  return {
    written: sum(({ written }) => written),
    stored: sum(({ stored }) => stored),
    missing: sum(({ missing }) => countOf(missing)),
    gone: sum(({ gone }) => countOf(gone)),
    doubled: sum(({ doubled }) => doubled),
  };
}

/** Random, so that a crash meets lines anywhere on their way. */
const aWhile = () => sleep(200 + Math.random() * 1_300);

/**
 * Counts what is lost, repairs it, and proves the repair: nothing is missing any more, a second one sends nothing, and a
 * query shows each line once.
 *
 * @returns the sums before the repair
 */
async function repairAndProve(what: string): Promise<Sums> {
  await pipeline.stopLoad();
  const before = await pipeline.check();
  const sums = sumUp(before);
  expect(sums.written).toBeGreaterThan(100);
  const sent = await pipeline.repair(before);
  const after = await pipeline.check();
  reportMeasured(
    `${what}: ${sums.written} lines written, ${sums.missing} lost, ${sums.doubled} stored again; ` +
      `after the repair ${sumUp(after).missing} lost`,
  );
  expect(sent).toBe(sums.missing - sums.gone);
  expect(sumUp(after)).toMatchObject({ missing: sums.gone, doubled: sums.doubled });
  expect(after.flatMap(({ waiting }) => waiting)).toEqual([]);
  expect(await pipeline.repair(before)).toBe(0);
  expect(await pipeline.ask(`log.seq:* | ${eachLineOnce}`)).toHaveLength(sumUp(after).stored);
  return sums;
}

test('a repair brings back the last seconds of lines that a crash of the log store loses', async () => {
  await begin();
  const { stop, start } = pipeline.part('victoria-logs');
  for (let round = 0; round < rounds; round++) {
    await sleep(4_000);
    await aWhile();
    await stop('SIGKILL');
    await start();
  }
  const { missing, written } = await repairAndProve(`log store, ${rounds} times SIGKILL`);
  expect(missing).toBeGreaterThan(0);
  expect(missing).toBeLessThan(written);
});

test('a repaired line is the same to the store as one that the collector sent', async () => {
  await begin();
  await sleep(2_000);
  await pipeline.stopLoad();
  const written = sumUp(await pipeline.check()).written;
  await pipeline.sendAll();
  await sleep(2_000);
  const rows = await pipeline.ask<Record<string, string>>('log.seq:*');
  // By OTLP, VictoriaLogs writes 0.821 as 0.8210000000000001.
  const round = (value: string) =>
    /^\d+\.\d{15,}$/.test(value) ? String(Number(Number(value).toPrecision(14))) : value;
  const texts = rows
    .map((row) =>
      JSON.stringify(
        Object.entries(row)
          .map(([name, value]) => [name, round(value)])
          .sort(),
      ),
    )
    .sort();
  expect(texts).toHaveLength(2 * written);
  expect(texts.filter((text, index) => text !== texts[index - 1] && text !== texts[index + 1])).toEqual([]);
});

test('crashes of the collector lose no line', async () => {
  await begin();
  const { stop, start } = pipeline.part('otelcol');
  for (let round = 0; round < rounds; round++) {
    await aWhile();
    await stop('SIGKILL');
    await start();
  }
  expect(await repairAndProve(`collector, ${rounds} times SIGKILL`)).toMatchObject({ missing: 0 });
});

test.each(['metald', 'billaged'] as const)('crashes of %s lose no line that is in its file', async (service) => {
  await begin();
  for (let round = 0; round < rounds; round++) {
    await aWhile();
    await pipeline.crash(service);
  }
  expect(await repairAndProve(`${service}, ${rounds} times SIGKILL`)).toMatchObject({ missing: 0 });
  const reports = (await pipeline.compare()).filter((report) => report.service === service);
  expect(reports.map(({ first }) => first)).toEqual(reports.map(() => 1));
  expect(reports).toHaveLength(rounds + 1);
});

test('a log store without room on its disk takes no line and loses none', async () => {
  await begin();
  const part = pipeline.part('victoria-logs');
  await sleep(1_000);
  await part.stop();
  const place = await placePart('victoria-logs', pipeline.placement);
  const full = await startProcess({
    name: 'victoria-logs',
    command: await requirePart('victoria-logs'),
    ...place,
    flags: [...place.flags, '-storage.minFreeDiskSpaceBytes=900TiB'],
    signal: new AbortController().signal,
    onDeath: () => undefined,
  });
  // Before the pipeline's end, which removes its folder.
  onTestFinished(() => full.stop());
  await sleep(4_000);
  const { waiting, missing } = (await pipeline.compare())[0] ?? { waiting: [], missing: [] };
  expect(countOf(missing)).toBe(0);
  expect(countOf(waiting)).toBeGreaterThan(50);
  await full.stop();
  await part.start();
  expect(await repairAndProve('log store without disk space for 4 s')).toMatchObject({ missing: 0 });
});

test('a collector without its storage sends all lines again, and a query shows each once', async () => {
  await begin();
  const { stop, start, data } = pipeline.part('otelcol');
  await sleep(3_000);
  await stop();
  await rm(data, { recursive: true });
  await start();
  await sleep(2_000);
  const { missing, doubled } = await repairAndProve('collector without its storage');
  expect(missing).toBe(0);
  expect(doubled).toBeGreaterThan(100);
});

test('files that are rotated while the collector is away are read when it is back', async () => {
  await begin({ LOG_FILE_MAX_SIZE: '16k', LOG_FILE_KEEP: '50' });
  const { stop, start } = pipeline.part('otelcol');
  await sleep(1_000);
  await stop();
  await sleep(4_000);
  await start();
  await sleep(1_000);
  expect(await repairAndProve('rotation while the collector is away')).toMatchObject({ missing: 0, doubled: 0 });
});

test('lines whose file a rotation has deleted while the collector was away are reported', async () => {
  await begin({ LOG_FILE_MAX_SIZE: '16k', LOG_FILE_KEEP: '1' });
  const { stop, start } = pipeline.part('otelcol');
  await sleep(1_000);
  await stop();
  await sleep(6_000);
  await start();
  await sleep(1_000);
  const { missing, gone } = await repairAndProve('rotation deletes files while the collector is away');
  expect(gone).toBeGreaterThan(0);
  expect(missing).toBe(gone);
});
