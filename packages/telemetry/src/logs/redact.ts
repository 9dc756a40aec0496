import { mayHoldSecret, redacted, redactText } from './redact-text.ts';
import { isSecretName, isSecretNumber } from './secret-names.ts';

/**
 * Removes secrets from a line of JSON: fields and headers with the name of a secret, at any depth and in any case, and text
 * that looks like a secret, such as JSON within a string. It sees the line as it is written, with the fields of child loggers
 * and of errors (`config.headers` of axios, raw headers of undici).
 *
 * Nearly all lines have no suspicious word; they are searched and not parsed.
 *
 * @param start number of leading characters to skip, because they are the same in every line. @default 0
 */
export function redactLine(line: string, start = 0): string {
  if (!mayHoldSecret(line, start)) return line;
  try {
    return `${JSON.stringify(JSON.parse(line, redactEntry))}\n`;
  } catch {
    // Not JSON, such as a line of another serializer.
    return redactText(line);
  }
}

/** @param context has the source text of the value */
function redactEntry(name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value === 'string') return isSecretName(name) && value !== '' ? redacted : redactText(value);
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return isSecretNumber(name) ? redacted : exactNumber(value, context?.source);
  if (isSecretName(name)) return redacted;
  return Array.isArray(value) ? redactPairs(value) : redactNames(value);
}

/** Writes a number beyond 2^53, such as a bigint count of bytes, as a string, so that it keeps its digits. */
function exactNumber(value: number, source = ''): unknown {
  return /^-?\d{16,}$/.test(source) && !Number.isSafeInteger(value) ? source : value;
}

/** Redacts headers as Node and undici list them: names and values alternate. */
function redactPairs(list: readonly unknown[]): unknown[] {
  return list.map((value, index) => {
    const name = list[index - 1];
    return typeof value === 'string' && typeof name === 'string' && isSecretName(name) ? redacted : value;
  });
}

/** Redacts the names of fields, such as the URLs of a table of answers. */
function redactNames(value: unknown): unknown {
  const entries = Object.entries(Object(value));
  const names = entries.map(([name]) => redactText(name));
  if (names.every((name, index) => name === entries[index]?.[0])) return value;
  const used = new Map<string, number>();
  return Object.fromEntries(
    entries.map(([, field], index) => {
      const name = names[index] ?? '';
      const count = (used.get(name) ?? 0) + 1;
      used.set(name, count);
      return [count === 1 ? name : `${name} ${count}`, field];
    }),
  );
}
