import { arrayText, type ColumnValue } from './array-text.ts';
import type { Statement } from './database.ts';

/** A column and its type. */
export type Column = readonly [name: string, type: 'text' | 'bigint' | 'numeric' | 'boolean' | 'bytea'];

/** Makes the statement that inserts any number of rows, of which it takes an array for each column. */
export function insertRows(name: string, table: string, columns: readonly Column[], rest = ''): Statement {
  const names = columns.map(([column]) => column).join(', ');
  const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
  return { name, text: `INSERT INTO ${table} (${names}) SELECT * FROM unnest(${arrays}) ${rest}` };
}

/** Turns rows into an array for each column. */
export function byColumn(columns: readonly Column[], rows: readonly (readonly ColumnValue[])[]): string[] {
  return columns.map((_, index) => arrayText(rows.map((row) => row[index] ?? null)));
}
