import { types } from 'node:util';

/** Most errors of one value that are written: an error, its causes, and the errors that it collects. */
export const maxErrors = 20;

/** Most characters of a message or a stack. */
const maxText = 16_384;

/** Whether a value is an error, also one of another realm. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/** What is known of an error, except for its own enumerable fields. */
export interface ErrorFields {
  /** Name of its class. */
  readonly type: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Its cause, as it is. */
  readonly cause: unknown;
  /** The errors that it collects, as they are. */
  readonly aggregateErrors: readonly unknown[] | undefined;
}

/** Reads an error, which may be of any origin: what cannot be read is left out. */
export function readError(error: Error): ErrorFields {
  const cause = readField(error, 'cause');
  const errors = readField(error, 'errors');
  return {
    type: textOf(readField(readField(error, 'constructor'), 'name')) || textOf(readField(error, 'name')),
    message: textOf(readField(error, 'message')),
    stack: textOf(readField(error, 'stack')) || undefined,
    // VError has a method.
    cause: typeof cause === 'function' ? undefined : cause,
    aggregateErrors: Array.isArray(errors) ? errors : undefined,
  };
}

/** The value of a field, `undefined` when it cannot be read. */
function readField(value: unknown, name: string): unknown {
  try {
    return Object(value)[name];
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value.length > maxText ? `${value.slice(0, maxText)}... (${value.length - maxText} more characters)` : value;
}
