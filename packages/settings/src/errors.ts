/** An error that the user can fix. A command prints only its message, without a stack, and exits with its status. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  /** 1: it could not be done. 2: a setting or flag cannot be used. */
  readonly exitStatus: 1 | 2 = 1;
}

/** A value that cannot be used: the variable or flag, what it was, and what would do. */
export interface SettingProblem {
  readonly name: string;
  readonly value: string;
  readonly allowed: string;
}

/** Says what is wrong with the settings, all of it at once. */
export class ConfigurationError extends CommandError {
  override readonly name = 'ConfigurationError';
  override readonly exitStatus = 2;
  readonly problems: readonly SettingProblem[];

  constructor(problems: readonly SettingProblem[]) {
    const lines = problems.map(({ name, value, allowed }) => `${name}=${JSON.stringify(value)}: allowed is ${allowed}`);
    super(lines.length === 1 ? lines.join('') : [`${lines.length} settings cannot be used`, ...lines].join('\n  '));
    this.problems = problems;
  }
}

/** Says that the command line itself cannot be read. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
  override readonly exitStatus = 2;
}

/** The message of whatever was thrown, which need not be an error. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of an error of Node or of a database driver, such as `ENOENT`; `undefined` for anything without a text as `code`. */
export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
