import { redacted, redactText } from './redact-text.ts';
import { isSecretName, mayHoldSecret } from './secret-names.ts';

/**
 * Takes secrets out of a line of JSON: fields and headers whose names say so, at any depth and in any case, and what looks
 * like one in texts. It sees the line as it goes out, with the fields of child loggers and whatever errors carry along
 * (`config.headers` of axios, raw headers of undici).
 *
 * A line without any suspicious word, which is nearly all of them, is only searched for one.
 */
export function redactLine(line: string): string {
  if (!mayHoldSecret(line)) return line;
  try {
    return `${JSON.stringify(JSON.parse(line, redactEntry))}\n`;
  } catch {
    // No JSON, such as a line of another serializer.
    return redactText(line);
  }
}

/** @param context has the text that a value was read from */
function redactEntry(name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value === 'string') return isSecretName(name) && value !== '' ? redacted : redactText(value);
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') return isSecretNumber(name) ? redacted : exactNumber(value, context?.source);
  if (isSecretName(name)) return redacted;
  return Array.isArray(value) ? redactPairs(value) : value;
}

/** Under a plural such as `prompt_tokens`, a number says how many there are. */
function isSecretNumber(name: string): boolean {
  return isSecretName(name) && !name.toLowerCase().endsWith('s');
}

/** A number beyond 2^53, such as a count of bytes that was a bigint, keeps its digits and becomes a text for it. */
function exactNumber(value: number, source = ''): unknown {
  return /^-?\d{16,}$/.test(source) && !Number.isSafeInteger(value) ? source : value;
}

/** Headers as Node and undici list them: names and values in turn. */
function redactPairs(list: readonly unknown[]): unknown[] {
  return list.map((value, index) => {
    const name = list[index - 1];
    return typeof value === 'string' && typeof name === 'string' && isSecretName(name) ? redacted : value;
  });
}
