import { types } from 'node:util';

/** Whether a value is an error, also one of another realm. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}
