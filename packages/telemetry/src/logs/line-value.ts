import { isError, maxErrors, readError } from './error-fields.ts';

/** What may be written of one value. */
interface Limits {
  /** Levels of objects in each other. */
  readonly depth: number;
  /** Fields of an object, or values of a list. */
  readonly fields: number;
}

const unlimited: Limits = { depth: Number.POSITIVE_INFINITY, fields: Number.POSITIVE_INFINITY };

/** Limits within an error, which may hold a socket, and of a value that contains itself. */
const narrow: Limits = { depth: 5, fields: 100 };

/** Most fields in all of what has the narrow limits. */
const maxNarrowFields = 2_000;

/** Where in a value the copy is. */
interface Place {
  readonly limits: Limits;
  /** Levels within the value or the error. */
  readonly depth: number;
  /** The objects around this place. */
  readonly around: Set<object>;
  /** What may still be written of the value. */
  readonly left: { errors: number; fields: number };
}

/**
 * Writes the value of a field as JSON. As `JSON.stringify`, except that an error at any depth has its type, message, stack,
 * causes and fields, and that bytes are only counted, because a secret in them could not be found. Of values that contain
 * themselves, and of the fields of an error, 5 levels and 100 fields each are written.
 *
 * @param stringifySafe writes what JSON has no form for, such as a bigint
 */
export function writeValue(value: unknown, stringifySafe: (value: unknown) => string): string | undefined {
  if (typeof value === 'bigint') return `${value}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  try {
    return JSON.stringify(copy(value, '', start(unlimited)));
  } catch {
    return stringifySafe(copyReadable(() => value, '', start(narrow)));
  }
}

function start(limits: Limits): Place {
  return { limits, depth: 0, around: new Set(), left: { errors: maxErrors, fields: maxNarrowFields } };
}

/** @throws what the code of the value throws, and a RangeError when it contains itself and has no limits */
function copy(value: unknown, name: string, place: Place): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isError(value)) return copyError(value, place);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (!('toJSON' in value) || typeof value.toJSON !== 'function') return copyFields(value, place);
  const json: unknown = value.toJSON(name);
  // JSON.stringify does not ask what it got for another form.
  return typeof json === 'object' && json !== null && !isError(json)
    ? copyFields(json, place)
    : copy(json, name, place);
}

function copyFields(value: object, place: Place): unknown {
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return value.valueOf();
  const { limits, depth, around } = place;
  if (around.has(value)) {
    if (limits === unlimited) throw new RangeError('the value contains itself');
    return '[Circular]';
  }
  if (depth >= limits.depth) return Array.isArray(value) ? '[Array]' : '[Object]';
  const inside = { ...place, depth: depth + 1 };
  around.add(value);
  const copied = Array.isArray(value) ? copyList(value, inside) : Object.fromEntries(copyEntries(value, inside));
  around.delete(value);
  return copied;
}

function copyList(list: readonly unknown[], place: Place): unknown[] {
  const length = takeFields(list.length, place);
  const copied: unknown[] = [];
  for (let index = 0; index < length; index++) copied.push(copyField(list, `${index}`, place));
  if (length < list.length) copied.push(`[${list.length - length} more]`);
  return copied;
}

/** Entries, because an assignment to `__proto__` would make no field. */
function copyEntries(value: object, place: Place): [string, unknown][] {
  const names = Object.keys(value);
  const length = takeFields(names.length, place);
  const entries = names.slice(0, length).map((name): [string, unknown] => [name, copyField(value, name, place)]);
  if (length < names.length) entries.push(['...', `[${names.length - length} more]`]);
  return entries;
}

/** @returns how many of so many fields are written */
function takeFields(count: number, { limits, left }: Place): number {
  if (limits === unlimited) return count;
  const taken = Math.min(count, limits.fields, left.fields);
  left.fields -= taken;
  return taken;
}

function copyField(owner: object, name: string, place: Place): unknown {
  const read = () => Reflect.get(owner, name);
  return place.limits === unlimited ? copy(read(), name, place) : copyReadable(read, name, place);
}

/** A field whose code throws costs only itself. */
function copyReadable(read: () => unknown, name: string, place: Place): unknown {
  try {
    return copy(read(), name, place);
  } catch {
    return '[unreadable]';
  }
}

/** The levels begin again in each error, so that a chain of causes is written. */
function copyError(error: Error, { around, left }: Place): unknown {
  if (around.has(error)) return '[Circular]';
  if (left.errors === 0) return '[more errors]';
  left.errors -= 1;
  const place: Place = { limits: narrow, depth: 1, around, left };
  const { cause, aggregateErrors, ...known } = readError(error);
  around.add(error);
  const copied = new Map<string, unknown>(Object.entries(known));
  if (cause !== undefined)
    copied.set(
      'cause',
      copyReadable(() => cause, 'cause', place),
    );
  if (aggregateErrors !== undefined) {
    copied.set(
      'aggregateErrors',
      copyReadable(() => aggregateErrors, 'aggregateErrors', place),
    );
  }
  for (const [name, value] of copyReadableEntries(error, place)) if (!copied.has(name)) copied.set(name, value);
  around.delete(error);
  return Object.fromEntries(copied);
}

function copyReadableEntries(error: Error, place: Place): [string, unknown][] {
  try {
    return copyEntries(error, place);
  } catch {
    return [];
  }
}
