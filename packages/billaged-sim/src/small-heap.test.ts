import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Makes 500 MB of short-lived objects in a process, and prints the size of its new space. */
const busyProcess = (prepare: string) => `
  import { getHeapSpaceStatistics } from 'node:v8';
  import { keepHeapSmall } from ${JSON.stringify(new URL('small-heap.ts', import.meta.url).href)};
  function churn() {
    let kept = [];
    for (let index = 0; index < 5_000_000; index += 1) {
      kept.push({ index, values: [index] });
      if (kept.length > 5_000) kept = [];
    }
  }
  churn();
  ${prepare};
  churn();
  const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  console.log(space_size);`;

async function newSpaceOf(prepare: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', busyProcess(prepare)]);
  return Number(stdout);
}

test('the new space shrinks to its initial size and keeps it under load', async () => {
  const [small, unlimited] = await Promise.all([newSpaceOf('keepHeapSmall()'), newSpaceOf('')]);
  expect(unlimited).toBeGreaterThan(8e6);
  expect(small).toBeLessThan(4e6);
});
