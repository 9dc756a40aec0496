import type { FamilySource } from '../exposition/family.ts';
import type { CatalogueEntry } from '../metrics/definition.ts';
import { createRowLabelWriter, type RowLabels } from './row-labels.ts';
import { createRowStore } from './row-store.ts';
import { type ColumnDefinition, frameOf, groupColumns, toCatalogueEntry } from './table-definition.ts';

/** Rows that a table takes unless its options say otherwise. */
const defaultMaxRows = 100_000;
/** Rows from which on values are written into slots of fixed width. Pages shorter than that are read by people, too. */
const fixedWidthFrom = 1_000;
/** A table is full once more when it has been emptied to this share of what it takes. */
const roomAgain = 0.9;

/** Options of `createSeriesTable`. */
export interface SeriesTableOptions<Label extends string, Column extends string> {
  /** Names the table in errors and in `seriesTableMetrics`. */
  readonly name: string;
  /** The labels by which rows differ, such as `['vm_id', 'customer_id']`. */
  readonly labels: readonly Label[];
  /** What each row has values of, under the names by which the program calls them. */
  readonly columns: Readonly<Record<Column, ColumnDefinition>>;
  /** Rows that the table takes; default 100 000. Each row is a series in each column. */
  readonly maxRows?: number;
  /**
   * Is called when the table refuses a row, and again only after it has been emptied to nine tenths of what it takes:
   * it is the place to log from, once.
   */
  readonly onOverflow?: (table: SeriesTableState) => void;
  /**
   * Is called at each scrape before anything is read: the place to set values from state that exists anyway, and to add and
   * remove rows for it. What it throws costs the metrics of the table, on that page.
   */
  readonly beforeRead?: () => void;
}

/** How full a table is. */
export interface SeriesTableState {
  readonly name: string;
  /** Rows in the table. */
  readonly size: number;
  /** Rows that it takes. */
  readonly maxRows: number;
  /** Rows that it has refused since it was made, because it was full. */
  readonly refused: number;
}

/** A row of a table: what values are set for. */
export interface SeriesRow {
  /**
   * Where the row stands in the table now; other rows that are removed move it. -1 when it is in none: it was removed, or
   * was refused by a table that was full.
   */
  readonly position: number;
}

/** Values of the rows of a table. Those of a row that is in no table are not kept, and setting them does nothing. */
export interface SeriesColumn {
  /**
   * Sets the value of a row. A gauge takes any number, NaN and the infinities included.
   *
   * @throws RangeError if the column is a counter and the value is negative or NaN.
   * @throws TypeError if the row belongs to another table.
   */
  set(row: SeriesRow, value: number): void;
  /**
   * Adds an amount, 1 unless it is given, to the value of a row.
   *
   * @throws RangeError if the column is a counter and the amount is negative or NaN.
   * @throws TypeError if the row belongs to another table.
   */
  inc(row: SeriesRow, amount?: number): void;
  /** The value of a row; nothing if the row is in no table. @throws TypeError if the row belongs to another table. */
  get(row: SeriesRow): number | undefined;
}

/** Series of many things that have the same metrics: a row for each thing, a column for each metric. */
export interface SeriesTable<Label extends string, Column extends string> extends SeriesTableState {
  /** What sets and reads the values of rows, by the names of the options. */
  readonly columns: { readonly [Name in Column]: SeriesColumn };
  /**
   * Adds a row, with 0 in every column, and returns it; the row that has these labels already, if there is one.
   *
   * A table that is full refuses: the row that is returned then is in no table. It does not come in later either, when
   * there is room; add it again for that.
   *
   * @throws TypeError for a label without a value.
   */
  add(labels: RowLabels<Label>): SeriesRow;
  /** Ends the series of a row. Does nothing if it is in no table. @throws TypeError if it belongs to another table. */
  remove(row: SeriesRow): void;
  /** Removes all rows. */
  clear(): void;
  /**
   * What `/metrics` is written from. A page shows each row that was there when the first line of the metric was asked
   * for, once, also if rows are added and removed meanwhile. The values are those at the moment at which their block of
   * 1024 rows is read: a value is never torn, those of one block and column are of one moment, others may be later.
   */
  readonly source: FamilySource;
  /** The metrics of the table as a catalogue lists them. */
  readonly entries: readonly CatalogueEntry[];
}

/**
 * Makes a table for series that are too many, or change too often, for instruments: thousands of machines with the same
 * metrics each. Setting a value is a store into an array; a scrape writes the values that have changed since the last
 * one into lines that are there already, and hands those out.
 *
 * Values are exact to 11 digits, integers up to 2^53 to the last one; below 1000 rows every value is written as
 * JavaScript writes it. Memory: for each series the length of its line (the name of the metric, the labels, 22 bytes)
 * and 8 bytes; for each row some 60 bytes more.
 *
 * @throws MetricDefinitionError for names that are not Prometheus names and columns that do not go together.
 * @throws Error for a table without labels or columns. @throws RangeError for a `maxRows` that is none.
 *
 * @example
 * ```ts
 * import { createSeriesTable } from '@vmobs/telemetry';
 *
 * const diskIo = { name: 'vm_disk_io_bytes_total', help: 'Bytes moved.', type: 'counter' } as const;
 * const vms = createSeriesTable({
 *   name: 'vms',
 *   labels: ['vm_id'],
 *   columns: {
 *     cpu: { name: 'vm_cpu_usage_percent', help: 'Load of the processors.', type: 'gauge' },
 *     read: { ...diskIo, labels: { op: 'read' } },
 *     written: { ...diskIo, labels: { op: 'write' } },
 *   },
 * });
 * const vm = vms.add({ vm_id: 'ud-1' });
 * vms.columns.cpu.set(vm, 12.5);
 * vms.columns.read.inc(vm, 4096);
 * ```
 */
export function createSeriesTable<const Label extends string, const Column extends string>(
  options: SeriesTableOptions<Label, Column>,
): SeriesTable<Label, Column> {
  const { name, labels: labelNames, columns: definitions, maxRows = defaultMaxRows, onOverflow, beforeRead } = options;
  if (!Number.isInteger(maxRows) || maxRows < 1 || maxRows > 2 ** 30) {
    throw new RangeError(`series table ${name}: maxRows is an integer from 1 to 2^30, not ${maxRows}`);
  }
  const columns = Object.entries<ColumnDefinition>(definitions);
  const families = groupColumns(name, labelNames, columns);
  const definitionsOf = (places: readonly number[]) => places.flatMap((place) => columns[place]?.[1] ?? []);
  const writeLabels = createRowLabelWriter(name, labelNames);
  const store = createRowStore(columns.map(([, definition]) => frameOf(definition)));
  let refused = 0;
  let saysWhenFull = true;

  function column({ name: metric, type }: ColumnDefinition, place: number): SeriesColumn {
    const least = type === 'counter' ? 0 : -Infinity;
    return {
      set(row, value) {
        if (value >= least || type === 'gauge') store.set(row, place, value);
        else throw new RangeError(`${metric}: the value of a counter is 0 or more, not ${value}`);
      },
      inc(row, amount = 1) {
        if (!(amount >= least || type === 'gauge'))
          throw new RangeError(`${metric}: a counter grows by 0 or more, not by ${amount}`);
        store.set(row, place, (store.get(row, place) ?? 0) + amount);
      },
      get: (row) => store.get(row, place),
    };
  }

  const table: SeriesTable<Label, Column> = {
    name,
    maxRows,
    get size() {
      return store.size;
    },
    get refused() {
      return refused;
    },
    // Object.fromEntries forgets that its keys are those of the definitions.
    columns: Object.fromEntries(columns.map(([key, definition], place) => [key, column(definition, place)])) as Record<
      Column,
      SeriesColumn
    >,

    add(labels) {
      const text = writeLabels(labels);
      const known = store.find(text);
      if (known !== undefined) return known;
      if (store.size < maxRows) return store.add(text);
      refused += 1;
      if (saysWhenFull) {
        saysWhenFull = false;
        onOverflow?.(table);
      }
      return { position: -1 };
    },
    remove(row) {
      store.remove(row);
      if (store.size <= maxRows * roomAgain) saysWhenFull = true;
    },
    clear() {
      store.clear();
      saysWhenFull = true;
    },
    source() {
      beforeRead?.();
      return families.map(({ columns: places, ...header }) => ({
        ...header,
        seriesCount: store.size * places.length,
        blocks: store.read(places, (rowCount) => rowCount < fixedWidthFrom),
      }));
    },
    entries: families.map((family) => toCatalogueEntry(family, labelNames, definitionsOf(family.columns))),
  };
  return table;
}
