import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createSeriesTable, type SeriesRow } from './series-table.ts';
import { createRandom, readLines } from './testing.ts';

/** Memory in use after a garbage collection, in bytes; the tables themselves are in the arrays. */
function usedMemory(): { readonly heap: number; readonly arrays: number } {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, arrays: arrayBuffers };
}

function createCpuTable() {
  const columns = { cpu: { name: 'cpu_percent', help: 'Load.', type: 'gauge' } } as const;
  return createSeriesTable({ name: 'vms', labels: ['vm_id'], columns });
}

test('added and removed rows leak no memory', async () => {
  const table = createCpuTable();
  const random = createRandom(5);
  const rows: SeriesRow[] = [];
  let added = 0;
  const add = () => {
    added += 1;
    rows.push(table.add({ vm_id: `vm-${added}`.padEnd(10 + (added % 30), '.') }));
  };
  const churn = (count: number) => {
    for (let run = 0; run < count; run += 1) {
      const [row] = rows.splice(Math.floor(random() * rows.length), 1);
      if (row !== undefined) table.remove(row);
      add();
    }
  };
  for (let index = 0; index < 3_000; index += 1) add();
  churn(3_000);
  await readLines(table.source);
  const before = usedMemory();
  churn(60_000);
  await readLines(table.source);
  const after = usedMemory();
  // 60 000 rows would be 3 MB in each.
  expect(after.heap - before.heap).toBeLessThan(500_000);
  expect(after.arrays - before.arrays).toBeLessThan(100_000);
});

test('an emptied table gives its memory back', async () => {
  const table = createCpuTable();
  const empty = usedMemory().arrays;
  const rows = Array.from({ length: 20_000 }, (_, index) => table.add({ vm_id: `vm-${index}` }));
  await readLines(table.source);
  const full = usedMemory().arrays;
  expect(full - empty).toBeGreaterThan(20_000 * 60);
  for (const row of rows) table.remove(row);
  expect(usedMemory().arrays - empty).toBeLessThan((full - empty) / 10);
});
