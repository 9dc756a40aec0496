/** Columns of numbers by name; a thing has the same place in each. */
export type Columns = Readonly<Record<string, Float64Array | Uint32Array | Uint8Array>>;

/**
 * Makes columns that are longer and begin with what these have.
 *
 * Doubling and copying, rather than buffers that can be resized: arrays over those are slower on each access.
 */
export function lengthen<Of extends Columns>(allocate: (capacity: number) => Of, columns: Of, capacity: number): Of {
  const longer = allocate(capacity);
  for (const [name, column] of Object.entries(columns)) longer[name]?.set(column);
  return longer;
}

/** Bytes that columns take. */
export function byteLengthOf(columns: Columns): number {
  return Object.values(columns).reduce((sum, { byteLength }) => sum + byteLength, 0);
}
