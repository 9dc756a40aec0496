import { rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { accountFor, createLines } from './numbered-lines.ts';
import { portOffset } from './port-offset.ts';
import { reportMeasured } from './report-measured.ts';
import { type CollectionOptions, type RunningCollection, startCollection } from './running-collection.ts';

/*
 * Whether every line gets from its file through the collector into the log store, while files are rotated and parts come and go.
 */

let collection: RunningCollection;
let line: ReturnType<typeof createLines>;
let written: number;

async function begin(options?: CollectionOptions): Promise<void> {
  collection = await startCollection(options);
  onTestFinished(collection.close);
  line = createLines();
  written = 0;
}

async function writeLines(count: number): Promise<void> {
  await collection.write('metald/metald.log', Array.from({ length: count }, () => line()).join(''));
  written += count;
}

/** Rotates the log file as our services do. */
async function rotate(keep: number): Promise<void> {
  const path = collection.pathOf('metald/metald.log');
  for (let age = keep - 1; age > 0; age--) await rename(`${path}.${age}`, `${path}.${age + 1}`).catch(() => undefined);
  await rename(path, `${path}.1`);
}

test('lines of files that are rotated while the collector is away arrive once', async () => {
  await begin();
  await writeLines(100);
  await collection.untilStored(written);
  await collection.part('otelcol').stop();
  await writeLines(100);
  await rotate(5);
  await writeLines(100);
  await rotate(5);
  await writeLines(100);
  await collection.part('otelcol').start();
  await writeLines(100);

  expect(accountFor(await collection.untilStored(written), written)).toEqual({ missing: [], repeated: [] });
});

test('a file that is written and rotated every 0.5 to 2 s loses and repeats no line', async () => {
  await begin();
  const intervalsMs = [500, 1_900, 700, 1_200, 500, 2_000, 600, 900, 1_500, 500, 500, 800];
  for (const interval of intervalsMs) {
    const end = Date.now() + interval;
    while (Date.now() < end) {
      await writeLines(5);
      await sleep(10);
    }
    // As many as there are: a slow collector must not be overtaken by their deletion.
    await rotate(intervalsMs.length);
  }
  await writeLines(5);

  expect(accountFor(await collection.untilStored(written), written)).toEqual({ missing: [], repeated: [] });
  reportMeasured(`${intervalsMs.length} rotations in 12 s: ${written} lines written, all stored once`);
});

/** Lines that the collector has read, by its own metrics. */
async function countRead(): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${8_888 + portOffset}/metrics`)).text();
  const samples = page.matchAll(/^otelcol_receiver_accepted_log_records_total\{.*\} (\S+)$/gm);
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Waits until the collector reads no more, though there are more lines. */
async function untilQueueIsFull(): Promise<void> {
  let before = Number.NaN;
  await eventually(async () => {
    const read = await countRead();
    const hasStopped = read === before && read < written;
    before = read;
    await sleep(1_000);
    return hasStopped;
  }, Boolean);
}

/** Has the collector end while its queue is full and lines wait in their file, and everything start again. */
async function endWithFullQueue(signal: 'SIGTERM' | 'SIGKILL'): Promise<ReturnType<typeof accountFor>> {
  await begin({ queueBytes: 100_000 });
  await writeLines(100);
  await collection.untilStored(written);
  await collection.part('victoria-logs').stop();
  for (let turn = 0; turn < 30; turn++) {
    await writeLines(100);
    await sleep(50);
  }
  await untilQueueIsFull();
  await collection.part('otelcol').stop(signal);
  await collection.part('victoria-logs').start();
  await collection.part('otelcol').start();
  await writeLines(1);
  await collection.untilStored(1, `log.seq:=${written}`);
  return accountFor(await collection.untilStored(written - mostInHand), written);
}

/** How many lines of a file the collector reads at a time. */
const mostInHand = 100;

test('a crash of the collector while its queue is full loses no line', async () => {
  expect((await endWithFullQueue('SIGKILL')).missing).toEqual([]);
});

test('stopping the collector with a full queue loses at most 100 lines of a file', async () => {
  const { missing, repeated } = await endWithFullQueue('SIGTERM');
  reportMeasured(`collector SIGTERM with a full queue: ${missing.length} of ${written} lines lost`);
  expect(missing.length).toBeGreaterThan(0);
  expect(missing.length).toBeLessThanOrEqual(mostInHand);
  expect(repeated).toEqual([]);
});

test('an orderly end of the collector while the log store is away loses no line', async () => {
  await begin();
  await collection.part('victoria-logs').stop();
  await writeLines(1_000);
  await sleep(1_000);
  await collection.part('otelcol').stop();
  await rm(collection.pathOf('metald/metald.log'));
  await collection.part('victoria-logs').start();
  await collection.part('otelcol').start();

  expect(accountFor(await collection.untilStored(written), written)).toEqual({ missing: [], repeated: [] });
});
