import { CommandError } from '../lifecycle/command-error.ts';

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
