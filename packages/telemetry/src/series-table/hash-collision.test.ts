import { expect, test } from 'vitest';
import { createSeriesTable, type SeriesRow } from './series-table.ts';

test('rows whose labels have the same hash are told apart', () => {
  const definition = { name: 'vm_cpu', help: 'Load.', type: 'gauge' } as const;
  const table = createSeriesTable({ name: 'vms', labels: ['vm_id'], maxRows: 400_000, columns: { cpu: definition } });
  // The key of the hash is random, so no test can choose labels that collide. Of so many labels about 18 pairs do: a hash has
  // 32 bits. Their lengths differ in most pairs.
  const ids = Array.from({ length: 400_000 }, (_, index) => `${index}`.padEnd(6 + (index % 16), '-'));
  const rows = ids.map((id) => table.add({ vm_id: id }));
  expect(new Set<SeriesRow | undefined>(rows).size).toBe(ids.length);
  expect(ids.findIndex((id, index) => table.add({ vm_id: id }) !== rows[index])).toBe(-1);
});
