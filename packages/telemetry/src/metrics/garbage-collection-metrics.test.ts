import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createCatalogue } from './catalogue.ts';
import { defineGarbageCollectionMetrics } from './garbage-collection-metrics.ts';
import { readSamples } from './testing/read-samples.ts';

setFlagsFromString('--expose-gc');
const collect: (options?: { type: 'minor' }) => void = runInNewContext('gc');

function createWatched() {
  const metrics = createCatalogue();
  const watching = defineGarbageCollectionMetrics(metrics);
  const read = async (suffix: string, kind: string) => {
    const name = `nodejs_gc_duration_seconds${suffix}`;
    return (await readSamples(metrics)).find((sample) => sample.name === name && sample.labels['kind'] === kind)?.value;
  };
  return { watching, read };
}

test('collections are counted by kind with their duration', async () => {
  const { watching, read } = createWatched();
  for (const kind of ['major', 'minor', 'incremental', 'weakcb']) expect(await read('_count', kind)).toBe(0);
  collect();
  await expect.poll(() => read('_count', 'major')).toBeGreaterThan(0);
  collect({ type: 'minor' });
  await expect.poll(() => read('_count', 'minor')).toBeGreaterThan(0);
  expect(await read('_sum', 'major')).toBeGreaterThan(0);
  watching.close();
});

test('all collections of one turn are counted', async () => {
  const { watching, read } = createWatched();
  for (let collection = 0; collection < 5; collection += 1) collect();
  await expect.poll(() => read('_count', 'major')).toBeGreaterThanOrEqual(5);
  watching.close();
});

test('nothing is counted after the end', async () => {
  const { watching, read } = createWatched();
  collect();
  await expect.poll(() => read('_count', 'major')).toBeGreaterThan(0);
  watching.close();
  const before = await read('_count', 'major');
  collect();
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  expect(await read('_count', 'major')).toBe(before);
});
