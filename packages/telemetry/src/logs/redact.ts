/**
 * Removes secrets from a line of JSON: fields and headers with the name of a secret, at any depth and in any case, and text
 * that looks like a secret. It sees the line as it is written, with the fields of child loggers and of errors
 * (`config.headers` of axios, raw headers of undici).
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
  return Array.isArray(value) ? redactPairs(value) : value;
}

/** A number under a plural name such as `prompt_tokens` is a count, not a secret. */
function isSecretNumber(name: string): boolean {
  return isSecretName(name) && !name.toLowerCase().endsWith('s');
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

/** Replaces a secret. */
const redacted = '[redacted]';

/** A pattern of secrets in text, and what replaces a match. */
type Rule = readonly [pattern: RegExp, replace: (match: string, ...parts: string[]) => string];

/**
 * Clients can make a service log long text, so each pattern starts only where no longer match can start: its time is linear
 * in the length of the text, not quadratic.
 */
const rules: readonly Rule[] = [
  // Parameters of URLs, forms, and `name=value` in sentences.
  [
    /(?:([?&])|(?<![\w.~%-]))([\w.~%-]+)=[^\s&#;,"'<>)\]}\\]+/g,
    (match, sign = '', name = '') => {
      const isSecret = sign === '' ? isSecretName(name) : isSecretParameter(name);
      return isSecret ? `${sign}${name}=${redacted}` : match;
    },
  ],
  // Headers as on the wire, one per line.
  [
    /^([ \t]*)([\w-]+)(:[ \t]*)\S[^\r\n]*/gm,
    (match, indent = '', name = '', sign = '') => (isSecretName(name) ? indent + name + sign + redacted : match),
  ],
  // JSON within text, such as a request body.
  [
    /"([\w.-]+)"(\s*:\s*)"(?:[^"\\]|\\.)+"/g,
    (match, name = '', sign = '') => (isSecretName(name) ? `"${name}"${sign}"${redacted}"` : match),
  ],
  // HTTP credentials. The required digit or capital excludes sentences about "basic authentication".
  [
    /\b(Bearer|bearer|BEARER|Basic|basic|BASIC)(\s+)(?=[^\s"',]*[0-9A-Z=])[\w.~+/-]{6,}=*/g,
    (_match, scheme = '', blank = '') => `${scheme}${blank}${redacted}`,
  ],
  // JSON web tokens anywhere.
  [/(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g, () => redacted],
  // User and password before the host of a URL.
  [/(:\/\/)[^\s/?#@"']+@/g, (_match, sign = '') => `${sign}${redacted}@`],
];

/** Removes secrets from text: `GET /vms?token=abc` is `GET /vms?token=[redacted]`. */
function redactText(text: string): string {
  return rules.reduce((result, [pattern, replace]) => result.replace(pattern, replace), text);
}

/** Endings of the names of secret fields and headers, in lower case and without `-`, `_`, `.` and spaces. */
const secretEnding =
  /(?:authorization|cookies?|passw(?:or)?ds?|passphrases?|pwd|secrets?|tokens?|credentials?|jwt|(?:api|auth|access|secret|private|signing|encryption|master|shared|ssh)keys?)$/;

/** More names that are secret as a URL parameter, where names are short. */
const secretParameter = /^(?:auth|code|key|pass|session|sessionid|sid|sig)$|signature$/;

/**
 * Every line with a secret contains one of these. They have at least three letters each, because shorter ones make the search
 * twice as slow and every line is searched.
 */
const secretWords = /auth|cookie|pass|pwd|secret|token|creden|key|code=|sig|jwt|eyj|session|sid=|bearer|basic/gi;

/**
 * Whether text such as a log line may contain a secret; `false` is certain.
 *
 * @param start number of leading characters to skip
 */
function mayHoldSecret(text: string, start = 0): boolean {
  // With the flag `g`, the search starts here.
  secretWords.lastIndex = start;
  return secretWords.test(text) || text.includes('://', start);
}

/** Whether the name of a field or a header, in any case, is that of a secret: `authorization`, `Set-Cookie`, `dbPassword`. */
function isSecretName(name: string): boolean {
  return secretEnding.test(normalise(name));
}

/** The same for a parameter of a URL: `token`, `key`, `X-Amz-Signature`. */
function isSecretParameter(name: string): boolean {
  return isSecretName(name) || secretParameter.test(normalise(name));
}

function normalise(name: string): string {
  return name.replace(/[-_.\s]/g, '').toLowerCase();
}
