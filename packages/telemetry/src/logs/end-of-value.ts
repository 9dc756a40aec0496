/**
 * Where values end in text: quoted, in brackets, or bare, and in JSON within strings of JSON, where each quotation mark has
 * backslashes before it.
 */

/** A piece of text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The quoted value that begins here, without its quotation marks; `undefined` if none does. The mark may have backslashes before
 * it, as in JSON within a string. A value that does not end, because the text is cut, reaches to its end.
 */
export function quotedValue(text: string, start: number): Span | undefined {
  const depth = backslashesAt(text, start);
  const mark = text[start + depth];
  if (mark !== '"' && mark !== "'" && mark !== '`') return undefined;
  const first = start + depth + 1;
  let backslashes = 0;
  for (let index = first; index < text.length; index++) {
    const character = text[index];
    if (character === mark && endsValue(mark, depth, backslashes)) {
      return { start: first, end: index - Math.min(backslashes, depth) };
    }
    backslashes = character === '\\' ? backslashes + 1 : 0;
  }
  return { start: first, end: text.length };
}

/**
 * Whether a mark after so many backslashes ends a value that began at this depth. A backslash of the value itself is written as
 * two of each depth. JSON doubles it also before other marks than its own, whose depth does not tell: they end without one.
 */
function endsValue(mark: string, depth: number, backslashes: number): boolean {
  if (mark !== '"') return backslashes <= depth;
  return backslashes < depth || (backslashes - depth) % (2 * depth + 2) === 0;
}

/** The list or object that begins here, with its brackets; `undefined` if none does. */
export function bracketedValue(text: string, start: number): Span | undefined {
  if (text[start] !== '[' && text[start] !== '{') return undefined;
  let depth = 0;
  let index = start;
  while (index < text.length) {
    const character = text[index];
    if (character === '\\' || character === '"' || character === "'") {
      index = quotedValue(text, index)?.end ?? index;
      // Past the closing mark, or past the backslashes that are not before one.
      index += Math.max(1, backslashesAt(text, index) + 1);
      continue;
    }
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    index += 1;
    if (depth === 0) return { start, end: index };
  }
  return { start, end: text.length };
}

/**
 * A value without quotation marks: up to a blank, a mark, `&`, or punctuation at its end. A `#` ends it in a URL.
 */
const bare = /(?:[^\s&"'`<>\\,;)\]}]|[,;)\]}](?=[^\s&"'`<>\\,;)\]}])|\\(?!["'`\\nrt]))+/y;
const bareInUrl = /(?:[^\s&#"'`<>\\,;)\]}]|[,;)\]}](?=[^\s&#"'`<>\\,;)\]}])|\\(?!["'`\\nrt]))+/y;

/** The value without quotation marks that begins here; `undefined` if none does. */
export function bareValue(text: string, start: number, inUrl: boolean): Span | undefined {
  const pattern = inUrl ? bareInUrl : bare;
  pattern.lastIndex = start;
  return pattern.test(text) ? { start, end: pattern.lastIndex } : undefined;
}

/** Ends of a line, of a line within JSON, and of a text with this mark. Runs of backslashes are only read once. */
const endOfLine = {
  '"': /[\r\n"]|(?<!\\)\\+["nr]|$/g,
  "'": /[\r\n']|(?<!\\)\\+['nr]|$/g,
  '': /[\r\n]|$/g,
} as const;

/** The rest of the line, or of the quoted text that ends with this mark. */
export function restOfLine(text: string, start: number, mark: keyof typeof endOfLine = ''): Span {
  const end = endOfLine[mark];
  end.lastIndex = start;
  return { start, end: end.exec(text)?.index ?? text.length };
}

function backslashesAt(text: string, start: number): number {
  let end = start;
  while (text[end] === '\\') end += 1;
  return end - start;
}
