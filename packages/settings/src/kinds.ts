/**
 * How the text of one setting becomes a value. `parse` returns `undefined` for text that is not allowed, and `allowed`
 * finishes the sentence "allowed: ...".
 */
export interface SettingKind<T> {
  /** Says which texts are allowed, for errors and `--help`. */
  readonly allowed: string;
  /** @returns `undefined` for text that is not allowed */
  parse(text: string): T | undefined;
  /**
   * Reads what can be used of a text that is not allowed. It is asked for variables that other programs share. @returns
   * `undefined` when it is nothing, which is the default
   */
  usablePart?(text: string): T | undefined;
  /** Writes a value as a user would, for `--help`. @default String */
  format?(value: T): string;
  /** Set for kinds whose command-line flag takes no value: giving it means `true`. */
  readonly isSwitch?: true;
}

/** Any text but the empty one. */
export const text: SettingKind<string> = {
  allowed: 'any text',
  parse: (value) => value,
};

/** Texts that file systems, SQLite or a shell script with an unset variable take for something else than a path. */
const noPath = /^\s*$|^file:|^:|\0/i;

/**
 * A path of a file or folder; words with a meaning of their own are allowed besides. Empty text is refused: SQLite, for
 * example, takes it for a temporary file that is deleted at the end, and a URI or a name with a colon for memory.
 *
 * @param words such as `memory`, exactly so
 */
export function path(...words: readonly string[]): SettingKind<string> {
  const orWord = words.map((word) => ` or "${word}"`).join('');
  return {
    allowed: `a path${orWord}, not empty, no URI, and without a colon at its beginning (write ./ before it)`,
    parse: (value) => (words.includes(value) || !noPath.test(value) ? value : undefined),
  };
}

const booleanWords = new Map([
  ['true', true],
  ['t', true],
  ['1', true],
  ['false', false],
  ['f', false],
  ['0', false],
]);

/** `true`, `false`, `1` or `0`, in any case (Go's `strconv.ParseBool` accepts the same, which the real services use). */
export const boolean: SettingKind<boolean> = {
  allowed: 'true or false',
  isSwitch: true,
  parse: (value) => booleanWords.get(value.toLowerCase()),
};

/** A decimal number within the bounds, both included. */
export function number({ min, max }: { min: number; max: number }): SettingKind<number> {
  return {
    allowed: `a number from ${min} to ${max}`,
    parse(value) {
      const parsed = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : Number.NaN;
      return parsed >= min && parsed <= max ? parsed : undefined;
    },
  };
}

/** A whole number within the bounds, both included. */
export function integer({ min, max }: { min: number; max: number }): SettingKind<number> {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    parse(value) {
      const parsed = /^-?\d+$/.test(value) ? Number(value) : Number.NaN;
      return parsed >= min && parsed <= max ? parsed : undefined;
    },
  };
}

/** A TCP port; 0 lets the system choose a free one. */
export const port: SettingKind<number> = { ...integer({ min: 0, max: 65_535 }), allowed: 'a port from 0 to 65535' };

const unitMilliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** The longest time that a timer of Node takes, in milliseconds; a longer one would fire at once. */
export const longestTimerMs = 2 ** 31 - 1;

/** A Go duration (`100ms`, `1m30s`) above zero, as milliseconds: the form that the real services read. */
export const duration: SettingKind<number> = {
  allowed: 'a duration above zero such as 100ms, 30s or 1m30s, up to 596h',
  format: (milliseconds) => {
    const unit = (['h', 'm', 's'] as const).find((name) => milliseconds % (unitMilliseconds[name] ?? 1) === 0) ?? 'ms';
    return milliseconds === 0 ? '0' : `${milliseconds / (unitMilliseconds[unit] ?? 1)}${unit}`;
  },
  parse(value) {
    if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(value)) return undefined;
    let total = 0;
    for (const [, amount, unit] of value.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
      total += Number(amount) * (unitMilliseconds[unit ?? ''] ?? Number.NaN);
    }
    return total > 0 && total <= longestTimerMs ? total : undefined;
  },
};

/** One of the given words. */
export function oneOf<const T extends string>(...words: readonly T[]): SettingKind<T> {
  return {
    allowed: `one of ${words.join(', ')}`,
    parse: (value) => words.find((word) => word === value.toLowerCase()),
  };
}

/** An `http://` or `https://` URL; without a scheme, as the Go services take it, `http://` is meant. */
export const httpUrl: SettingKind<string> = {
  allowed: 'host:port or an http(s) URL',
  parse(value) {
    const withScheme = value.includes('://') ? value : `http://${value}`;
    if (!URL.canParse(withScheme)) return undefined;
    const url = new URL(withScheme);
    return /^https?:$/.test(url.protocol) && url.hostname !== '' ? url.href : undefined;
  },
};

const byteUnits = { k: 1_024, m: 1_024 ** 2, g: 1_024 ** 3 } as const;

/** A size such as `512k`, `10m` or `1g` (powers of 1024), in bytes; 0 is none. */
export const byteSize: SettingKind<number> = {
  allowed: 'a size such as 512k, 10m or 1g, or 0',
  format: (bytes) => {
    const unit = (['g', 'm', 'k'] as const).find((name) => bytes > 0 && bytes % byteUnits[name] === 0);
    return unit === undefined ? String(bytes) : `${bytes / byteUnits[unit]}${unit}`;
  },
  parse(value) {
    const [, digits, unit] = /^(\d+)([kmg]?)b?$/i.exec(value) ?? [];
    if (digits === undefined) return undefined;
    const name = unit?.toLowerCase();
    const bytes = Number(digits) * (name === 'k' || name === 'm' || name === 'g' ? byteUnits[name] : 1);
    return Number.isSafeInteger(bytes) ? bytes : undefined;
  },
};
