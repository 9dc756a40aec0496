import type { CatalogueEntry } from '../definitions/definition.ts';
import type { FamilySource } from '../exposition/family.ts';
import { createRowLabelWriter, type RowLabels } from './row-labels.ts';
import { createRowStore, type RowStore } from './row-store.ts';
import { type ColumnDefinition, frameOf, groupColumns, toCatalogueEntry } from './table-definition.ts';

/** Default of `maxRows`. */
const defaultMaxRows = 100_000;
/** Number of rows from which values have a fixed width. People also read shorter pages. */
const fixedWidthFrom = 1_000;
/** `onOverflow` is called again only after the table was emptied to this share of `maxRows`. */
const overflowResetShare = 0.9;

/** Options of `createSeriesTable`. */
export interface SeriesTableOptions<Label extends string, Column extends string> {
  /** Names the table in errors and in `seriesTableMetrics`. */
  readonly name: string;
  /** The labels that identify a row, such as `['vm_id', 'customer_id']`. */
  readonly labels: readonly Label[];
  /** The metrics of each row, by the names that the program uses for them. */
  readonly columns: Readonly<Record<Column, ColumnDefinition>>;
  /** Largest number of rows. Each row is a series in each column. @default 100_000 */
  readonly maxRows?: number;
  /**
   * Called when the table refuses a row, and again only after it was emptied to nine tenths of `maxRows`, so that a log line
   * here is not repeated.
   */
  readonly onOverflow?: (table: SeriesTableState) => void;
  /**
   * Called at each scrape before rows are read: set values from existing state here, and add and remove rows. If it throws, the
   * page has no metric of the table.
   */
  readonly beforeRead?: () => void;
}

/** The fill level of a table. */
export interface SeriesTableState {
  readonly name: string;
  /** Rows in the table. */
  readonly size: number;
  /** Largest number of rows. */
  readonly maxRows: number;
  /** Rows refused so far because the table was full. */
  readonly refused: number;
}

/** A row of a table, whose values can be set. */
export interface SeriesRow {
  /**
   * Current position in the table, which changes when other rows are removed. -1 when the row is in no table: it was removed, or
   * refused by a full table.
   */
  readonly position: number;
}

/** The values of one metric of a table. Setting the value of a row that is in no table does nothing. */
export interface SeriesColumn {
  /**
   * Sets the value of a row. A gauge accepts any number, including NaN and infinities.
   *
   * @throws RangeError if the column is a counter and the value is negative or NaN.
   * @throws TypeError if the row belongs to another table.
   */
  set(row: SeriesRow, value: number): void;
  /**
   * Adds an amount to the value of a row, 1 by default.
   *
   * @throws RangeError if the column is a counter and the amount is negative or NaN.
   * @throws TypeError if the row belongs to another table.
   */
  inc(row: SeriesRow, amount?: number): void;
  /** The value of a row; `undefined` if the row is in no table. @throws TypeError if the row belongs to another table. */
  get(row: SeriesRow): number | undefined;
}

/** Series of many objects with the same metrics: a row per object, a column per metric. */
export interface SeriesTable<Label extends string, Column extends string> extends SeriesTableState {
  /** The columns, by their names in the options. */
  readonly columns: { readonly [Name in Column]: SeriesColumn };
  /**
   * Adds a row with 0 in every column and returns it, or returns the row that has these labels already.
   *
   * A full table returns a row that is in no table. That row does not enter the table later, when there is room; add it again.
   *
   * @throws TypeError for a label without a value.
   */
  add(labels: RowLabels<Label>): SeriesRow;
  /** Ends the series of a row. Does nothing if it is in no table. @throws TypeError if it belongs to another table. */
  remove(row: SeriesRow): void;
  /** Removes all rows. */
  clear(): void;
  /**
   * The source for `/metrics`. A page shows each row that existed when the first line of the metric was requested, once, even if
   * rows are added and removed meanwhile. Values are read per block of 1024 rows: the values of one block and column are
   * consistent, those of other blocks may be later.
   */
  readonly source: FamilySource;
  /** The metrics of the table as a catalogue lists them. */
  readonly entries: readonly CatalogueEntry[];
}

/**
 * Makes a table for series that are too many, or change too often, for instruments, such as the metrics of thousands of
 * machines. Setting a value is a store into an array. A scrape writes only the values that changed since the last one, into
 * lines that exist already.
 *
 * Values are exact to 11 digits, and integers up to 2^53 exactly; below 1000 rows every value is written as JavaScript writes
 * it. Memory: for each series the length of its line (the name of the metric, the labels, 22 bytes) and 8 bytes; for each row
 * about 60 bytes more.
 *
 * @throws MetricDefinitionError for invalid Prometheus names and columns that contradict each other.
 * @throws Error for a table without labels or columns. @throws RangeError for an invalid `maxRows`.
 *
 * @example
 * ```ts
 * import { createSeriesTable } from '@vmobs/telemetry/exposition';
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
  let reportsOverflow = true;

  const table: SeriesTable<Label, Column> = {
    name,
    maxRows,
    get size() {
      return store.size;
    },
    get refused() {
      return refused;
    },
    // The keys are those of the definitions, which the type of Object.fromEntries does not express.
    columns: Object.fromEntries(
      columns.map(([key, definition], place) => [key, createColumn(store, definition, place)]),
    ) as Record<Column, SeriesColumn>,

    add(labels) {
      const text = writeLabels(labels);
      const known = store.find(text);
      if (known !== undefined) return known;
      if (store.size < maxRows) return store.add(text);
      refused += 1;
      if (reportsOverflow) {
        reportsOverflow = false;
        onOverflow?.(table);
      }
      return { position: -1 };
    },
    remove(row) {
      store.remove(row);
      if (store.size <= maxRows * overflowResetShare) reportsOverflow = true;
    },
    clear() {
      store.clear();
      reportsOverflow = true;
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

function createColumn(store: RowStore, { name: metric, type }: ColumnDefinition, place: number): SeriesColumn {
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
