import type { FamilySource } from '../exposition/family.ts';
import type { SeriesTableState } from './series-table.ts';

/** What every table says of itself, with its name in the label `table`. */
export const tableMetrics = [
  {
    name: 'telemetry_series_table_overflow_total',
    type: 'counter',
    help: 'Rows that a table of series refused because it was full.',
    readTable: ({ refused }: SeriesTableState) => refused,
  },
  {
    name: 'telemetry_series_table_rows',
    type: 'gauge',
    help: 'Rows in a table of series.',
    readTable: ({ size }: SeriesTableState) => size,
  },
  {
    name: 'telemetry_series_table_rows_limit',
    type: 'gauge',
    help: 'Rows that a table of series takes at most.',
    readTable: ({ maxRows }: SeriesTableState) => maxRows,
  },
] as const;

/**
 * Makes a source of what tables say of themselves, for those that are in no catalogue:
 * `telemetry_series_table_overflow_total`, rows that were refused because the table was full, and, so that one can be
 * told before that, `telemetry_series_table_rows` of `telemetry_series_table_rows_limit`.
 *
 * One source for all tables of a process: a metric comes from one source.
 */
export function seriesTableMetrics(tables: readonly SeriesTableState[]): FamilySource {
  return () =>
    tableMetrics.map(({ name, type, help, readTable }) => ({
      name,
      type,
      help,
      samples: tables.map((table) => ({ name, labels: { table: table.name }, value: readTable(table) })),
    }));
}
