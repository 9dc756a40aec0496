import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../docs/runbooks');

test('the table of runbooks has each runbook once', async () => {
  const index = await readFile(join(folder, 'README.md'), 'utf8');
  const rows = index.split('\n').filter((line) => line.startsWith('|'));
  const linked = rows.flatMap((row) => Array.from(row.matchAll(/\]\((\w+\.md)\)/g), ([, file = '']) => file));
  const runbooks = (await readdir(folder)).filter((name) => name !== 'README.md');
  expect(linked.sort()).toEqual(runbooks.sort());
});
