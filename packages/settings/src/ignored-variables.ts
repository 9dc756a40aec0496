/**
 * Environment variables that a program accepts and has no use for, so that the environment of the program that it stands for
 * can be given to it.
 */
export interface IgnoredVariables {
  /** Names after the prefix; those that end with `*` stand for all that begin so. */
  readonly variables: readonly string[];
  /** Why there is no use for them. */
  readonly reason: string;
}

/** Says for `--help` which variables are ignored, with the first of the prefixes. */
export function describeIgnoredVariables(
  groups: readonly IgnoredVariables[],
  [prefix = '']: readonly string[],
): string {
  return groups
    .map(({ variables, reason }) => `  ${variables.map((name) => prefix + name).join('  ')}\n      ${reason}`)
    .join('\n');
}

/** The ignored variables that an environment has, with any of the prefixes. */
export function findIgnoredVariables(
  groups: readonly IgnoredVariables[],
  env: Readonly<Record<string, string | undefined>>,
  prefixes: readonly string[],
): string[] {
  const names = groups.flatMap(({ variables }) => variables.flatMap((name) => prefixes.map((prefix) => prefix + name)));
  const isIgnored = (variable: string) =>
    names.some((name) => (name.endsWith('*') ? variable.startsWith(name.slice(0, -1)) : variable === name));
  return Object.keys(env).filter((variable) => env[variable] !== '' && isIgnored(variable));
}
