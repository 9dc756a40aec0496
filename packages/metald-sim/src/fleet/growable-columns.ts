/** Columns of numbers by name; an object has the same index in each. */
export type Columns = Readonly<Record<string, Float64Array | Uint32Array | Uint8Array>>;

/**
 * Copies columns into longer ones. Resizable buffers would need no copy, but arrays over them are slower at each access.
 */
export function lengthen<Of extends Columns>(allocate: (capacity: number) => Of, columns: Of, capacity: number): Of {
  const longer = allocate(capacity);
  for (const [name, column] of Object.entries(columns)) longer[name]?.set(column);
  return longer;
}

/** Bytes of all columns. */
export function byteLengthOf(columns: Columns): number {
  return Object.values(columns).reduce((sum, { byteLength }) => sum + byteLength, 0);
}
