/** A value that cannot be read; the parser adds file and line. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', b: '\b' };

/**
 * Reads the value of a parameter: what stands behind its name in the line.
 *
 * - bare: up to the end of the line or to a `#` after a space; a `#` inside a word belongs to it
 * - `'...'`: as it is, but `\'` and `\\`
 * - `"..."`: with the escapes of Ruby
 *
 * Refused, though Fluentd has them: Ruby code (`#{...}`), JSON and values over several lines. This file is to mean the same
 * wherever it is read.
 *
 * @throws ValueError
 */
export function readValue(text: string): string {
  if (text.includes('#{')) throw new ValueError('Ruby code (#{...}) is not run here; write the value itself');
  if (/^[[{]/.test(text)) throw new ValueError('JSON as a value is not read here; write the values out');
  if (text.startsWith('#')) {
    throw new ValueError('Fluentd takes a comment in the place of a value for the value; put it in a line of its own');
  }
  if (text.startsWith('"')) return readQuoted(text, '"', (char) => escapes[char] ?? unescapeSymbol(char));
  if (text.startsWith("'")) return readQuoted(text, "'", (char) => (/['\\]/.test(char) ? char : `\\${char}`));
  return text.replace(/[ \t]+#.*$/, '').trimEnd();
}

function unescapeSymbol(char: string): string {
  if (/[a-zA-Z0-9]/.test(char))
    throw new ValueError(`\\${char} is no escape; there are \\n \\r \\t \\f \\b, \\" and \\\\`);
  return char;
}

function readQuoted(text: string, quote: string, readEscape: (char: string) => string): string {
  let value = '';
  for (let at = 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === quote) {
      const rest = text.slice(at + 1);
      if (!/^[ \t]*(#.*)?$/.test(rest)) throw new ValueError(`"${rest.trim()}" behind the closing quote; remove it`);
      return value;
    }
    if (char === '\\' && at + 1 < text.length) {
      at += 1;
      value += readEscape(text.charAt(at));
    } else value += char;
  }
  throw new ValueError(`the value has no closing ${quote} in its line`);
}
