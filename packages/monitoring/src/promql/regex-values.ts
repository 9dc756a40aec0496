/** A parsed regular expression of a matcher. */
export interface RegexValues {
  /** The alternatives of a plain choice such as `a|b|c`; undefined if it is more than that. */
  readonly literals?: readonly string[];
  /** Whether it matches a whole value; undefined if JavaScript cannot parse it (Prometheus uses RE2). */
  readonly matches?: (value: string) => boolean;
}

/** Reads the regular expression of a matcher. Prometheus anchors it on both sides. */
export function parseRegexValues(pattern: string): RegexValues {
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  const parts = inner.split('|').map(literalOf);
  const literals = parts.filter((part) => part !== undefined);
  const expression = compile(pattern);
  return {
    ...(literals.length === parts.length && { literals }),
    ...(expression && { matches: (value: string) => expression.test(value) }),
  };
}

/** The text that a pattern without any special character stands for. */
function literalOf(pattern: string): string | undefined {
  const plain = pattern.replace(/\\([^\w])/g, '');
  return /[\\^$.*+?()[\]{}|]/.test(plain) ? undefined : pattern.replace(/\\([^\w])/g, '$1');
}

function compile(pattern: string): RegExp | undefined {
  try {
    return new RegExp(`^(?:${pattern})$`, 's');
  } catch {
    return undefined;
  }
}
