import type { SeriesRow } from '@vmobs/telemetry';
import { createSeriesTable, seriesTableMetrics } from '@vmobs/telemetry/exposition';
import { parseOpenMetrics } from '@vmobs/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyText, writtenLabel } from '../support/arbitrary-families.ts';
import { type FamilyServer, serveFamilies } from '../support/serve-families.ts';
import { parseText } from '../support/text-parser.ts';

let server: FamilyServer;
beforeAll(async () => {
  server = await serveFamilies();
});
afterAll(() => server.close());

const anyNumber = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ min: 1e-12, max: 1e18, noNaN: true }),
  fc.constantFrom(0, -0, 1e-12, -1e-12, 1e18, 2 ** 53, -(2 ** 53), 5e-324, 1.7e308, 99_999_999.999_999_99),
);
const anyCount = fc.oneof(
  fc.maxSafeNat(),
  fc.double({ min: 0, noNaN: true }),
  fc.constantFrom(2 ** 53, 1e18, Infinity),
);

interface Step {
  readonly labels: { readonly vm_id: string; readonly zone: string | number };
  readonly load: number;
  readonly written: number;
  readonly isRemoved: boolean;
}

/** What is done to a table: rows by their labels, with values or taken out again. */
const anySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    labels: fc.record({ vm_id: anyText, zone: fc.oneof(anyText, fc.double(), fc.integer()) }),
    load: anyNumber,
    written: anyCount,
    isRemoved: fc.boolean(),
  }),
  { maxLength: 30 },
);
/** Rows besides, so that a page has plain numbers or slots. */
const anyRowCount = fc.constantFrom(0, 1_100);

/** A series as it is compared: what identifies it, and its value. */
type Series = readonly [identity: string, value: number];

function seriesOf(name: string, labels: Readonly<Record<string, string>>, value: number): Series {
  // To some parsers a label without a value is none.
  const pairs = Object.entries(labels).filter(([, text]) => text !== '');
  return [JSON.stringify([name, ...pairs.sort()]), value];
}

/** Does the steps. @returns a table, and what is to be read on its page */
function fillTable(steps: readonly Step[], rowCount: number) {
  const io = { name: 'vm_io_bytes_total', help: 'Bytes "moved"\nby \\ VMs.', type: 'counter' } as const;
  const table = createSeriesTable({
    name: 'vms',
    labels: ['vm_id', 'zone'],
    columns: {
      load: { name: 'vm_load', help: 'Load.', type: 'gauge' },
      read: { ...io, labels: { op: 'read' } },
      written: { ...io, labels: { op: 'write' } },
    },
  });
  const rows = new Map<SeriesRow, { vm_id: string; zone: string; load: number; written: number }>();
  for (let index = 0; index < rowCount; index += 1) {
    const labels = { vm_id: `other-${index}`, zone: 'other' };
    rows.set(table.add(labels), { ...labels, load: 0, written: 0 });
  }
  for (const { labels, load, written, isRemoved } of steps) {
    const row = table.add(labels);
    table.columns.load.set(row, load);
    table.columns.written.set(row, written);
    if (isRemoved) table.remove(row);
    if (isRemoved) rows.delete(row);
    else rows.set(row, { vm_id: writtenLabel(labels.vm_id), zone: writtenLabel(labels.zone), load, written });
  }
  const expected = Array.from(rows.values(), ({ vm_id, zone, load, written }) => [
    seriesOf('vm_load', { vm_id, zone }, load),
    seriesOf('vm_io_bytes_total', { vm_id, zone, op: 'read' }, 0),
    seriesOf('vm_io_bytes_total', { vm_id, zone, op: 'write' }, written),
  ]);
  return { table, expected: new Map(expected.flat()) };
}

function expectSeries(found: readonly Series[], expected: ReadonlyMap<string, number>): void {
  const read = new Map(found);
  expect(found).toHaveLength(read.size);
  expect([...read.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [identity, value] of expected) {
    const back = read.get(identity) ?? Number.NaN;
    if (back === value || (Number.isNaN(value) && Number.isNaN(read.get(identity)))) continue;
    if (Number.isInteger(value) && Math.abs(value) <= 2 ** 53) expect([identity, back]).toEqual([identity, value]);
    expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-9);
  }
}

test('what a table says in OpenMetrics is read as what was set', async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, anyRowCount, async (steps, rowCount) => {
      const { table, expected } = fillTable(steps, rowCount);
      server.families = await table.source();
      const families = parseOpenMetrics(await server.scrape('application/openmetrics-text;version=1.0.0'));
      expect(server.takeErrors()).toEqual([]);
      expect(families.get('vm_io_bytes')).toMatchObject({ type: 'counter', help: 'Bytes "moved"\nby \\ VMs.' });
      const found = [...families.values()].flatMap(({ name, samples }) =>
        samples.map(({ suffix, labels, value }) => seriesOf(`${name}${suffix}`, Object.fromEntries(labels), value)),
      );
      expectSeries(found, expected);
    }),
    { numRuns: 60 },
  );
});

test('what a table says in the text format is read as what was set', async () => {
  await fc.assert(
    fc.asyncProperty(anySteps, anyRowCount, async (steps, rowCount) => {
      const { table, expected } = fillTable(steps, rowCount);
      server.families = await table.source();
      const families = parseText(await server.scrape('text/plain;version=0.0.4'));
      expect(server.takeErrors()).toEqual([]);
      const found = [...families.values()].flatMap(({ name, metrics }) =>
        metrics.map(({ labels = {}, value = '' }) => seriesOf(name, labels, Number(value.replace('Inf', 'Infinity')))),
      );
      expectSeries(found, expected);
    }),
    { numRuns: 60 },
  );
});

test('what a table says of itself is read, too', async () => {
  const { table } = fillTable([], 1_100);
  server.families = await seriesTableMetrics([table])();
  const families = parseOpenMetrics(await server.scrape('application/openmetrics-text;version=1.0.0'));
  expect(server.takeErrors()).toEqual([]);
  const values = [...families.values()].flatMap(({ samples }) => samples.map(({ value }) => value));
  expect(values).toEqual([0, 1_100, 100_000]);
});
