/** A value of a column. */
export type ColumnValue = string | number | bigint | boolean | Uint8Array | null;

/** Writes values as the text of an array, in which statements take the rows of a column at once. */
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

/** Reads the text of a `bytea`. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text.slice(2), 'hex');
}
