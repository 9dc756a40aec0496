import { describe, expect, expectTypeOf, test } from 'vitest';
import { createSeriesTable, type SeriesColumn, type SeriesRow } from './series-table.ts';
import type { ColumnDefinition } from './table-definition.ts';
import { createRandom, readLines } from './testing.ts';

const diskIo = { name: 'vm_disk_io_bytes_total', help: 'Bytes moved.', type: 'counter' } as const;

function createVmTable(options: { maxRows?: number; onOverflow?: () => void } = {}) {
  return createSeriesTable({
    name: 'vms',
    labels: ['vm_id', 'zone'],
    columns: {
      cpu: { name: 'vm_cpu_usage_percent', help: 'Load.', type: 'gauge' },
      read: { ...diskIo, labels: { op: 'read' } },
      written: { ...diskIo, labels: { op: 'write' } },
    },
    ...options,
  });
}

function addRows(table: ReturnType<typeof createVmTable>, count: number): SeriesRow[] {
  return Array.from({ length: count }, (_, index) => table.add({ vm_id: `vm-${index}`, zone: 'a' }));
}

describe('the page', () => {
  test('has a line for each row in each column, at 0 until it is set', async () => {
    const table = createVmTable();
    const first = table.add({ vm_id: 'ud-1', zone: 'a' });
    const second = table.add({ vm_id: 'ud-2', zone: 'b' });
    table.columns.cpu.set(first, 12.5);
    table.columns.read.set(second, 4096);
    table.columns.read.inc(second, 4);
    table.columns.written.inc(second);
    expect(await readLines(table.source)).toEqual([
      'vm_cpu_usage_percent{vm_id="ud-1",zone="a"} 12.5',
      'vm_cpu_usage_percent{vm_id="ud-2",zone="b"} 0',
      'vm_disk_io_bytes_total{vm_id="ud-1",zone="a",op="read"} 0',
      'vm_disk_io_bytes_total{vm_id="ud-2",zone="b",op="read"} 4100',
      'vm_disk_io_bytes_total{vm_id="ud-1",zone="a",op="write"} 0',
      'vm_disk_io_bytes_total{vm_id="ud-2",zone="b",op="write"} 1',
    ]);
  });

  test('has one family for columns of one name', async () => {
    const table = createVmTable();
    addRows(table, 3);
    expect(Array.from(await table.source())).toEqual([
      { name: 'vm_cpu_usage_percent', help: 'Load.', type: 'gauge', seriesCount: 3, blocks: expect.anything() },
      { ...diskIo, seriesCount: 6, blocks: expect.anything() },
    ]);
  });

  test('is empty without rows', async () => {
    expect(await readLines(createVmTable().source)).toEqual([]);
  });

  test('escapes label values of rows and columns and writes them in UTF-8', async () => {
    const table = createSeriesTable({
      name: 'disks',
      labels: ['path'],
      columns: { free: { name: 'free_bytes', help: 'Free.', type: 'gauge', labels: { unit: '"MB"' } } },
    });
    for (const path of ['C:\\ "new"\n', 'é 中 🙂', 'lone \ud800', '']) table.add({ path });
    expect(await readLines(table.source)).toEqual([
      'free_bytes{path="C:\\\\ \\"new\\"\\n",unit="\\"MB\\""} 0',
      'free_bytes{path="é 中 🙂",unit="\\"MB\\""} 0',
      'free_bytes{path="lone \ufffd",unit="\\"MB\\""} 0',
      'free_bytes{path="",unit="\\"MB\\""} 0',
    ]);
  });

  test('accepts label values of any length and numbers', async () => {
    const table = createSeriesTable({
      name: 'shards',
      labels: ['shard'],
      columns: { size: { name: 'size_bytes', help: 'Size.', type: 'gauge' } },
    });
    table.add({ shard: 7 });
    table.add({ shard: 'é'.repeat(50_000) });
    table.add({ shard: 'x'.repeat(10) });
    expect(await readLines(table.source)).toEqual([
      'size_bytes{shard="7"} 0',
      `size_bytes{shard="${'é'.repeat(50_000)}"} 0`,
      'size_bytes{shard="xxxxxxxxxx"} 0',
    ]);
  });

  test('has plain numbers below 1000 rows and fixed-width slots from there on', async () => {
    const table = createVmTable();
    const rows = addRows(table, 999);
    for (const row of rows) table.columns.cpu.set(row, 0.25);
    expect((await readLines(table.source))[0]).toBe('vm_cpu_usage_percent{vm_id="vm-0",zone="a"} 0.25');
    const thousandth = table.add({ vm_id: 'vm-999', zone: 'a' });
    expect((await readLines(table.source))[0]).toBe('vm_cpu_usage_percent{vm_id="vm-0",zone="a"} 0.2500000000000000');
    table.remove(thousandth);
    expect((await readLines(table.source))[0]).toBe('vm_cpu_usage_percent{vm_id="vm-0",zone="a"} 0.25');
  });

  test('writes values that do not fit a slot as plain numbers until they fit again', async () => {
    const table = createVmTable();
    const rows = addRows(table, 1100);
    const odd = [Number.NaN, Infinity, -Infinity, 5e-324, -Number.MAX_VALUE, -(2 ** 53)];
    const oddRows = [0, 1, 31, 32, 1023, 1024].map((position) => rows[position] ?? { position });
    for (const [index, row] of oddRows.entries()) table.columns.cpu.set(row, odd[index] ?? 0);
    const valuesOf = (lines: string[]) => lines.slice(0, 1100).map((line) => line.slice(line.indexOf(' ') + 1));
    const regular = '0.0000000000000000';
    const expected = Array<string>(1100).fill(regular);
    const texts = ['NaN', '+Inf', '-Inf', '5e-324', '-1.7976931348623157e+308', '-9007199254740992'];
    for (const [index, row] of oddRows.entries()) expected[row.position] = texts[index] ?? '';
    expect(valuesOf(await readLines(table.source))).toEqual(expected);
    for (const row of oddRows) table.columns.cpu.set(row, 0);
    expect(valuesOf(await readLines(table.source))).toEqual(Array(1100).fill(regular));
  });
});

describe('a block between two scrapes', () => {
  async function blocksOf(table: ReturnType<typeof createVmTable>): Promise<Uint8Array[]> {
    const blocks: Uint8Array[] = [];
    // Not copied: these are the bytes that the table hands out at each scrape.
    for (const family of await table.source()) if ('blocks' in family) blocks.push(...family.blocks);
    return blocks;
  }

  test('is written only in the slots of changed values', async () => {
    const table = createVmTable();
    const rows = addRows(table, 3000);
    for (const row of rows) table.columns.cpu.set(row, 50);
    const before = await blocksOf(table);
    // Marks in the bytes show what is written from here on.
    for (const block of before) for (let at = 0; at < block.length; at += 1) block[at] = 0x23;
    const changed = rows[1500] ?? { position: -1 };
    table.columns.cpu.set(changed, 51);
    for (const row of rows) table.columns.read.set(row, 0);
    const after = await blocksOf(table);
    expect(after.map(({ buffer }) => buffer)).toEqual(before.map(({ buffer }) => buffer));
    const written = after.map((block) => Buffer.from(block).toString().replaceAll('#', ''));
    expect(written).toEqual(['', '51.000000000000000', '', '', '', '', '', '', '']);
  });

  test('is read without a copy once a row with a value that fits no slot is removed', async () => {
    const table = createVmTable();
    const last = addRows(table, 1100).at(-1) ?? { position: -1 };
    const buffers = async () => (await blocksOf(table)).map(({ buffer }) => buffer);
    const usual = await buffers();
    table.columns.cpu.set(last, Number.NaN);
    expect((await buffers())[1]).not.toBe(usual[1]);
    table.remove(last);
    expect(await buffers()).toEqual(usual);
    expect((await buffers())[1]).toBe(usual[1]);
  });
});

describe('a row', () => {
  test('that is removed is replaced by the last one, whatever their lengths', async () => {
    const table = createVmTable();
    const [short, long, last] = [
      { vm_id: 'a', zone: '' },
      { vm_id: 'bb', zone: 'b'.repeat(40) },
      { vm_id: 'c', zone: 'c' },
    ].map((labels) => table.add(labels));
    if (short === undefined || long === undefined || last === undefined) throw new Error('three rows were added');
    table.columns.cpu.set(last, 3);
    table.remove(long);
    expect([short.position, long.position, last.position]).toEqual([0, -1, 1]);
    table.columns.cpu.inc(last);
    expect((await readLines(table.source)).slice(0, 2)).toEqual([
      'vm_cpu_usage_percent{vm_id="a",zone=""} 0',
      'vm_cpu_usage_percent{vm_id="c",zone="c"} 4',
    ]);
    table.remove(last);
    table.remove(short);
    expect(table.size).toBe(0);
    expect(await readLines(table.source)).toEqual([]);
  });

  test('that was removed has no values and can be removed again', async () => {
    const table = createVmTable();
    const [first, second] = addRows(table, 2);
    if (first === undefined || second === undefined) throw new Error('two rows were added');
    table.remove(first);
    table.remove(first);
    table.columns.cpu.set(first, 99);
    table.columns.cpu.inc(first);
    expect(table.columns.cpu.get(first)).toBeUndefined();
    expect(table.columns.cpu.get(second)).toBe(0);
    expect(table.size).toBe(1);
  });

  test('with the labels of an existing one is that one', () => {
    const table = createVmTable();
    const row = table.add({ vm_id: 'a', zone: 'b",zone="c' });
    expect(table.add({ vm_id: 'a', zone: 'b",zone="c' })).toBe(row);
    expect(table.add({ vm_id: 'a', zone: 'b' })).not.toBe(row);
    expect(table.add({ vm_id: 'a"', zone: 'b' })).not.toBe(row);
    expect(table.size).toBe(3);
  });

  test('that is added again starts at 0', () => {
    const table = createVmTable();
    const row = table.add({ vm_id: 'a', zone: 'b' });
    table.columns.read.set(row, 5);
    table.remove(row);
    const again = table.add({ vm_id: 'a', zone: 'b' });
    expect(again).not.toBe(row);
    expect(table.columns.read.get(again)).toBe(0);
  });

  test('of another table is refused', () => {
    const table = createVmTable();
    const foreign = createVmTable().add({ vm_id: 'a', zone: 'b' });
    const message = 'the row belongs to another table; use it with the table whose add() returned it';
    expect(() => table.columns.cpu.set(foreign, 1)).toThrow(new TypeError(message));
    addRows(table, 1);
    expect(() => table.columns.cpu.set(foreign, 1)).toThrow(new TypeError(message));
    expect(() => table.columns.cpu.get(foreign)).toThrow(new TypeError(message));
    expect(() => table.remove(foreign)).toThrow(new TypeError(message));
  });

  test('without a value for a label is refused at run time', () => {
    const table = createVmTable();
    const labels: { vm_id: string; zone: string } = JSON.parse('{ "vm_id": "a" }');
    expect(() => table.add(labels)).toThrow(
      new TypeError('series table vms: a row needs a value for the label zone; it may be empty'),
    );
  });
});

test('a cleared table has no rows and its former rows have no values', async () => {
  const table = createVmTable();
  const [row] = addRows(table, 2000);
  table.clear();
  if (row === undefined) throw new Error('rows were added');
  table.columns.cpu.set(row, 1);
  expect(table.size).toBe(0);
  expect(await readLines(table.source)).toEqual([]);
  addRows(table, 2);
  expect(await readLines(table.source)).toHaveLength(6);
});

describe('a counter', () => {
  test('refuses negative values, negative amounts and NaN', () => {
    const table = createVmTable();
    const row = table.add({ vm_id: 'a', zone: 'b' });
    const { read } = table.columns;
    read.set(row, 7);
    expect(() => read.set(row, -1)).toThrow(
      new RangeError('vm_disk_io_bytes_total: the value of a counter is 0 or more, not -1'),
    );
    expect(() => read.set(row, Number.NaN)).toThrow(RangeError);
    expect(() => read.inc(row, -1)).toThrow(
      new RangeError('vm_disk_io_bytes_total: a counter grows by 0 or more, not by -1'),
    );
    expect(() => read.inc(row, Number.NaN)).toThrow(RangeError);
    expect(read.get(row)).toBe(7);
    read.set(row, 0);
    expect(read.get(row)).toBe(0);
  });

  test('a gauge accepts any number', () => {
    const table = createVmTable();
    const row = table.add({ vm_id: 'a', zone: 'b' });
    const { cpu } = table.columns;
    cpu.inc(row, -3);
    expect(cpu.get(row)).toBe(-3);
    cpu.set(row, Number.NaN);
    expect(cpu.get(row)).toBeNaN();
    cpu.set(row, 1);
    cpu.inc(row, Number.NaN);
    expect(cpu.get(row)).toBeNaN();
  });
});

describe('a full table', () => {
  test('refuses rows, counts them and ignores their values', async () => {
    const table = createVmTable({ maxRows: 2 });
    const [first] = addRows(table, 2);
    const refused = table.add({ vm_id: 'vm-2', zone: 'a' });
    table.columns.cpu.set(refused, 5);
    table.columns.cpu.inc(refused);
    table.remove(refused);
    expect(refused.position).toBe(-1);
    expect(table).toMatchObject({ size: 2, maxRows: 2, refused: 1 });
    expect(await readLines(table.source)).toHaveLength(6);
    // One that it has is no further row.
    expect(table.add({ vm_id: 'vm-0', zone: 'a' })).toBe(first);
    expect(table.refused).toBe(1);
  });

  test('accepts rows when there is room again', () => {
    const table = createVmTable({ maxRows: 2 });
    const [first] = addRows(table, 3);
    if (first === undefined) throw new Error('rows were added');
    table.remove(first);
    expect(table.add({ vm_id: 'vm-2', zone: 'a' }).position).toBe(1);
    expect(table).toMatchObject({ size: 2, refused: 1 });
  });

  test('calls onOverflow once, and again after it was emptied to nine tenths', () => {
    let told = 0;
    const table = createVmTable({ maxRows: 20, onOverflow: () => (told += 1) });
    const rows = addRows(table, 25);
    expect(told).toBe(1);
    const removeAndOverfill = (count: number) => {
      for (const row of rows.splice(0, count)) table.remove(row);
      addRows(table, 25);
    };
    removeAndOverfill(1);
    expect(told).toBe(1);
    removeAndOverfill(2);
    expect(told).toBe(2);
    table.clear();
    addRows(table, 25);
    expect(told).toBe(3);
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 31])('cannot be limited to %s rows', (maxRows) => {
    expect(() => createVmTable({ maxRows })).toThrow(
      new RangeError(`series table vms: maxRows is an integer from 1 to 2^30, not ${maxRows}`),
    );
  });
});

test('the page equals the rows after any sequence of changes', async () => {
  const random = createRandom(11);
  const table = createVmTable();
  const model = new Map<string, { row: SeriesRow; cpu: number; read: number; written: number }>();
  const drawKey = () => `${Math.floor(random() * 4000)}`.repeat(1 + Math.floor(random() * 3));
  for (let step = 1; step <= 40_000; step += 1) {
    const key = drawKey();
    const known = model.get(key);
    if (known === undefined) {
      const row = table.add({ vm_id: key, zone: 'z' });
      model.set(key, { row, cpu: 0, read: 0, written: 0 });
    } else if (random() < 0.4) {
      table.remove(known.row);
      model.delete(key);
    } else {
      known.cpu = random() < 0.02 ? Number.NaN : Math.round(random() * 1e6) / 1e4;
      known.read += Math.floor(random() * 1e9);
      table.columns.cpu.set(known.row, known.cpu);
      table.columns.read.set(known.row, known.read);
      if (random() < 0.5) {
        known.written += 3;
        table.columns.written.inc(known.row, 3);
      }
    }
    if (step % 8_000 === 0) {
      if (step === 24_000) {
        table.clear();
        model.clear();
      }
      const read = new Map(
        (await readLines(table.source)).map((line) => {
          const [series = '', value] = line.split(' ');
          return [series, Number(value)];
        }),
      );
      const expected = new Map(
        [...model].flatMap(([key, { cpu, read, written }]): [string, number][] => [
          [`vm_cpu_usage_percent{vm_id="${key}",zone="z"}`, cpu],
          [`vm_disk_io_bytes_total{vm_id="${key}",zone="z",op="read"}`, read],
          [`vm_disk_io_bytes_total{vm_id="${key}",zone="z",op="write"}`, written],
        ]),
      );
      expect(read).toEqual(expected);
      expect(table.size).toBe(model.size);
    }
  }
});

test('catalogue entries list the labels of rows and the label values of columns', () => {
  expect(createVmTable().entries).toEqual([
    { name: 'vm_cpu_usage_percent', help: 'Load.', type: 'gauge', labels: { vm_id: '*', zone: '*' } },
    { ...diskIo, labels: { vm_id: '*', zone: '*', op: ['read', 'write'] } },
  ]);
});

test('names of labels and columns are part of the types', () => {
  const table = createVmTable();
  type Labels = Readonly<Record<'vm_id' | 'zone', string | number>>;
  expectTypeOf(table.add).parameters.toEqualTypeOf<[Labels]>();
  expectTypeOf<{ vm_id: string }>().not.toExtend<Labels>();
  expectTypeOf(table.columns).toEqualTypeOf<{ readonly [Name in 'cpu' | 'read' | 'written']: SeriesColumn }>();
  expectTypeOf(table.columns.cpu.set).parameters.toEqualTypeOf<[SeriesRow, number]>();
  expectTypeOf(table.columns.cpu.inc).parameters.toEqualTypeOf<[SeriesRow, (number | undefined)?]>();
  expectTypeOf(table.columns.cpu.get).returns.toEqualTypeOf<number | undefined>();
  expectTypeOf<{ name: string; help: string; type: 'counter' }>().toExtend<ColumnDefinition>();
  expectTypeOf<{ name: string; help: string; type: 'histogram' }>().not.toExtend<ColumnDefinition>();
  expectTypeOf<{ name: string; type: 'gauge' }>().not.toExtend<ColumnDefinition>();
});
