import type { FamilySource } from '../exposition/family.ts';
import type { SeriesTableState } from './series-table.ts';

/** The metrics of every table, with its name in the label `table`. */
export const tableMetrics = [
  {
    name: 'telemetry_series_table_overflow_total',
    type: 'counter',
    help: 'Rows that a series table refused because it was full.',
    readTable: ({ refused }: SeriesTableState) => refused,
  },
  {
    name: 'telemetry_series_table_rows',
    type: 'gauge',
    help: 'Rows in a series table.',
    readTable: ({ size }: SeriesTableState) => size,
  },
  {
    name: 'telemetry_series_table_rows_limit',
    type: 'gauge',
    help: 'Largest number of rows in a series table.',
    readTable: ({ maxRows }: SeriesTableState) => maxRows,
  },
] as const;

/**
 * Makes a source of the tables' own metrics, for tables that are in no catalogue: `telemetry_series_table_overflow_total`, the
 * rows refused because a table was full, and `telemetry_series_table_rows` of `telemetry_series_table_rows_limit`, for an alert
 * before that happens.
 *
 * Use one source for all tables of a process, because a metric comes from one source.
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
