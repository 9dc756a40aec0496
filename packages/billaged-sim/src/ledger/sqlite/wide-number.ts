import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { Whole } from '../run.ts';

const most = 2n ** 63n - 1n;

/** A whole number as a column takes it: 64 bits, or its digits as bytes where they are not enough. */
export function toColumn(value: Whole): SQLInputValue {
  return typeof value === 'number' || value <= most ? value : new TextEncoder().encode(String(value));
}

/** Reads what `toColumn` wrote, from a statement that reads integers as `bigint`. */
export function fromColumn(value: SQLOutputValue | undefined): bigint {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return BigInt(new TextDecoder().decode(value));
  throw new TypeError(`the ledger has ${value === null ? 'NULL' : typeof value} where a number belongs`);
}
