import { describe, expect, test } from 'vitest';
import type { RenderedFamily } from '../exposition/family.ts';
import { createSeriesTable, type SeriesRow } from './series-table.ts';
import { createRandom } from './testing.ts';

const rowCount = 5_000;

async function createFilledTable() {
  const table = createSeriesTable({
    name: 'vms',
    labels: ['vm_id'],
    columns: {
      read: { name: 'io_bytes_total', help: 'Bytes.', type: 'counter', labels: { op: 'read' } },
      write: { name: 'io_bytes_total', help: 'Bytes.', type: 'counter', labels: { op: 'write' } },
    },
  });
  const rows: SeriesRow[] = [];
  for (let index = 0; index < rowCount; index += 1) {
    const row = table.add({ vm_id: `vm-${index}` });
    table.columns.read.set(row, index);
    table.columns.write.set(row, index);
    rows.push(row);
  }
  const [family] = await table.source();
  if (family === undefined || !('blocks' in family)) throw new TypeError('the table has one rendered family');
  return { table, rows, family };
}

/** Reads a page and does something between any two blocks. */
function readMeanwhile(family: RenderedFamily, meanwhile: () => void): string[] {
  let page = '';
  for (const block of family.blocks) {
    page += Buffer.from(block).toString();
    meanwhile();
  }
  return page.trimEnd().split('\n');
}

const seriesOf = (lines: readonly string[]) => lines.map((line) => line.slice(0, line.indexOf(' '))).sort();
const allSeries = ['read', 'write']
  .flatMap((op) => Array.from({ length: rowCount }, (_, index) => `io_bytes_total{vm_id="vm-${index}",op="${op}"}`))
  .sort();

describe('a page has each row that existed at its start once', () => {
  test('when rows are removed', async () => {
    const { table, rows, family } = await createFilledTable();
    const random = createRandom(3);
    const lines = readMeanwhile(family, () => {
      for (let run = 0; run < 300; run += 1) {
        const [row] = rows.splice(Math.floor(random() * rows.length), 1);
        if (row !== undefined) table.remove(row);
      }
    });
    expect(seriesOf(lines)).toEqual(allSeries);
    expect(table.size).toBe(rowCount - 3000);
    expect(seriesOf(readMeanwhile(family, () => {}))).toHaveLength(2 * table.size);
  });

  test('when rows are removed and added again', async () => {
    const { table, family } = await createFilledTable();
    const random = createRandom(4);
    const lines = readMeanwhile(family, () => {
      for (let run = 0; run < 300; run += 1) {
        const vm_id = `vm-${Math.floor(random() * rowCount)}`;
        table.remove(table.add({ vm_id }));
        table.columns.read.set(table.add({ vm_id }), 1);
      }
    });
    expect(seriesOf(lines)).toEqual(allSeries);
    expect(seriesOf(readMeanwhile(family, () => {}))).toEqual(allSeries);
  });

  test('when the last rows replace others', async () => {
    const { table, rows, family } = await createFilledTable();
    let added = 0;
    const lines = readMeanwhile(family, () => {
      for (let run = 0; run < 50; run += 1) {
        const row = rows.pop();
        if (row !== undefined) table.remove(row);
        added += 1;
        rows.push(table.add({ vm_id: `other-${added}` }));
      }
    });
    expect(seriesOf(lines)).toEqual(allSeries);
  });

  test('when the table is cleared and filled again', async () => {
    const { table, family } = await createFilledTable();
    const lines = readMeanwhile(family, () => {
      table.clear();
      for (let index = 0; index < 2_000; index += 1) table.add({ vm_id: `other-${index}` });
    });
    expect(seriesOf(lines)).toEqual(allSeries);
    expect(table.size).toBe(2_000);
  });

  test('when other pages are read at the same time', async () => {
    const { table, rows, family } = await createFilledTable();
    const inner: string[][] = [];
    const lines = readMeanwhile(family, () => {
      const row = rows.pop();
      if (row !== undefined) table.remove(row);
      const lengthNow = table.size;
      const [first] = rows;
      const page = readMeanwhile(family, () => {
        if (first !== undefined) table.columns.read.inc(first, 1);
      });
      expect(page).toHaveLength(2 * lengthNow);
      inner.push(page);
    });
    expect(seriesOf(lines)).toEqual(allSeries);
    expect(inner).toHaveLength(10);
  });
});

test('every value was set, and those of one block and column are consistent', async () => {
  const { table, rows, family } = await createFilledTable();
  let round = 0;
  const setAll = () => {
    round += 1;
    for (const row of rows) {
      table.columns.read.set(row, round * 1_111_111_111);
      table.columns.write.set(row, round * 1_111_111_111);
    }
  };
  setAll();
  const blocks: string[] = [];
  for (const block of family.blocks) {
    setAll();
    // Another page is written from the same blocks, before this one has copied its own.
    const [first] = family.blocks;
    expect(first?.length).toBeGreaterThan(0);
    blocks.push(Buffer.from(block).toString());
  }
  const values = blocks.map((text) => new Set(Array.from(text.matchAll(/ (.*)\n/g), ([, value]) => Number(value))));
  const [ownRound, ...later] = values;
  // The first block was read by the page inside, too, which is another moment.
  expect(ownRound).toEqual(new Set([2 * 1_111_111_111]));
  expect(later).toEqual(later.map((_, index) => new Set([(index + 2) * 1_111_111_111])));
});

test('an abandoned page has no lasting cost', async () => {
  const { table, rows, family } = await createFilledTable();
  for (const block of family.blocks) if (block.length > 0) break;
  const dropped = family.blocks[Symbol.iterator]();
  dropped.next();
  for (const row of rows.splice(0, 2_000)) table.remove(row);
  expect(readMeanwhile(family, () => {})).toHaveLength(2 * (rowCount - 2_000));
});
