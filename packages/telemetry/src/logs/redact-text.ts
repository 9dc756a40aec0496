import { bareValue, bracketedValue, quotedValue, restOfLine, type Span } from './end-of-value.ts';
import { hasLongValue, isSecretName, isSecretNumber, isSecretParameter } from './secret-names.ts';

/** Replaces a secret. */
export const redacted = '[redacted]';

/**
 * A name and what separates it from its value: `password=`, `"password": `, `\"password\":`, `?token=`, `:secret => `, `--token `.
 * It begins only where no longer name can.
 */
const beforeValue = /(?<![\w.~%-])([\w.~%-]+)(?:(\\*["'`]?)([ \t]*(?:=>?|:|,)\s*)|[ \t]+(?=[^\s-]))/g;

/**
 * A secret that a pattern finds without a name, and what replaces a match.
 *
 * Clients can make a service log long text, so each pattern starts only where no longer match can start: its time is linear
 * in the length of the text, not quadratic.
 */
const rules: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Private keys, also cut ones.
  [/-----BEGIN [\w ]{0,40}PRIVATE KEY[\w ]{0,20}-----(?:(?!-----END)[\s\S])*(?:-----END [\w ]{0,60}-----)?/g, redacted],
  // HTTP credentials. The required digit or capital excludes sentences about "basic authentication".
  [
    /(?:\b|(?<=\\[nrt]))(Bearer|bearer|BEARER|Basic|basic|BASIC)(\s+)(?=[^\s"',]*[0-9A-Z=])[\w.~+/-]{6,}=*/g,
    `$1$2${redacted}`,
  ],
  // JSON web tokens anywhere.
  [/(?:(?<![\w-])|(?<=\\[nrt]))eyJ[\w-]+\.[\w-]+\.[\w-]*/g, redacted],
  // User and password before the host of a URL.
  [/(:\/\/)[^\s/?#@"']+@/g, `$1${redacted}@`],
  // Bytes as Node writes them in JSON.
  [/("Buffer\\*"\s*,\s*\\*"data\\*"\s*:\s*\[)[\d\s,]+/g, `$1`],
];

/**
 * Every text with a secret contains one of these. They have at least three letters each, because shorter ones make the search
 * twice as slow and every line is searched.
 */
const secretWords =
  /auth|cookie|pass|pwd|secret|token|creden|key|code=|sig|jwt|eyj|sess|sid[^a-z]|bearer|basic|buffer/gi;

/**
 * Whether text, such as a log line, may contain a secret; `false` is certain.
 *
 * @param start number of leading characters to skip
 */
export function mayHoldSecret(text: string, start = 0): boolean {
  // With the flag `g`, the search starts here.
  secretWords.lastIndex = start;
  return secretWords.test(text) || text.includes('://', start);
}

/** Removes secrets from text: `GET /vms?token=abc` is `GET /vms?token=[redacted]`. */
export function redactText(text: string): string {
  if (!mayHoldSecret(text)) return text;
  const named = redactElements(redactNamed(text));
  return rules.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), named);
}

/** Removes the values of secret names. */
function redactNamed(text: string): string {
  let result = '';
  let copied = 0;
  beforeValue.lastIndex = 0;
  for (let match = beforeValue.exec(text); match !== null; match = beforeValue.exec(text)) {
    const value = secretValue(text, match, beforeValue.lastIndex);
    if (value === undefined || value.start === value.end) continue;
    result += text.slice(copied, value.start) + redacted;
    copied = value.end;
    // Only forward: a value of no length must not be found for ever.
    beforeValue.lastIndex = value.end;
  }
  return result + text.slice(copied);
}

/** @returns where the secret is that follows this name, `undefined` if none does */
function secretValue(text: string, match: RegExpExecArray, start: number): Span | undefined {
  const [, found = '', mark = '', separator = ''] = match;
  // The next line has its own names.
  if (mark === '' && /[\r\n]/.test(separator)) return undefined;
  const before = text[match.index - 1];
  // The end of a line in JSON within text is a letter before the name: `\nsid=`.
  const name = before === '\\' && /^[nrt]/.test(found) && isSecretName(found.slice(1)) ? found.slice(1) : found;
  const inUrl = before === '?' || before === '&';
  const isPair = separator.startsWith('=') && inUrl;
  if (!(isPair ? isSecretParameter(name) : isSecretName(name))) return undefined;
  // `--token abc`, but not a sentence about tokens.
  if (separator === '') return name.startsWith('--') ? anyValue(text, start, name, false) : undefined;
  // Names and values in one list, as raw headers are.
  if (separator.includes(',')) return mark === '' ? undefined : quotedValue(text, start);
  if (separator.includes(':') && mark === '') return headerValue(text, match, start, name);
  return anyValue(text, start, name, inUrl);
}

/** A header as on the wire, one per line; in a line, one word or the whole of cookies and authorization. */
function headerValue(text: string, match: RegExpExecArray, start: number, name: string): Span | undefined {
  if (text.startsWith('//', start)) return undefined;
  if (isFirstInLine(text, match.index)) return restOfLine(text, start, undefined);
  if (!hasLongValue(name)) return anyValue(text, start, name, false);
  const before = text[match.index - 1];
  const mark = before === '"' || before === "'" ? before : undefined;
  return quotedValue(text, start) ?? bracketedValue(text, start) ?? restOfLine(text, start, mark);
}

function isFirstInLine(text: string, index: number): boolean {
  let first = index;
  while (text[first - 1] === ' ' || text[first - 1] === '\t') first -= 1;
  return first === 0 || text[first - 1] === '\n' || text[first - 1] === '\r';
}

const harmless = /(?:true|false|null|undefined|\[redacted\])(?![\w-])/y;

function anyValue(text: string, start: number, name: string, inUrl: boolean): Span | undefined {
  harmless.lastIndex = start;
  if (harmless.test(text)) return undefined;
  const value = quotedValue(text, start) ?? bracketedValue(text, start) ?? bareValue(text, start, inUrl);
  if (value === undefined) return undefined;
  const isCount = /^-?\d+(?:\.\d+)?$/.test(text.slice(value.start, Math.min(value.end, value.start + 30)));
  return isCount && !isSecretNumber(name) ? undefined : value;
}

/** Elements of XML. */
function redactElements(text: string): string {
  return text.replace(/<([\w.:-]+)((?:\s[^<>]*)?>)[^<]+(?=<|$)/g, (match, name: string, rest: string) =>
    isSecretName(name) ? `<${name}${rest}${redacted}` : match,
  );
}
