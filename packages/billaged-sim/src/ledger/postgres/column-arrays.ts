import type { Statement } from './database.ts';

/** A value of a column. */
export type ColumnValue = string | number | bigint | boolean | Uint8Array | null;

/** Formats values as an array literal, by which statements take all rows of a column at once. */
export function arrayText(values: readonly ColumnValue[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

function elementText(value: ColumnValue): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return `"\\\\x${hexOf(value)}"`;
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, String.raw`\$&`)}"`;
  return String(value);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Parses the text of a `bytea`. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text.slice(2), 'hex');
}

/** A column and its type. */
export type Column = readonly [name: string, type: 'text' | 'bigint' | 'numeric' | 'boolean' | 'bytea'];

/** Makes a statement that inserts any number of rows; its parameters are an array for each column. */
export function insertRows(name: string, table: string, columns: readonly Column[], rest = ''): Statement {
  const names = columns.map(([column]) => column).join(', ');
  const arrays = columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ');
  return { name, text: `INSERT INTO ${table} (${names}) SELECT * FROM unnest(${arrays}) ${rest}` };
}

/** Transposes rows into an array for each column. */
export function byColumn(columns: readonly Column[], rows: readonly (readonly ColumnValue[])[]): string[] {
  return columns.map((_, index) => arrayText(rows.map((row) => row[index] ?? null)));
}
