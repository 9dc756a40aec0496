import { ConfigurationError, type SettingProblem } from './errors.ts';
import type { SettingKind } from './kinds.ts';

/**
 * One thing that a user can set.
 *
 * @example
 * ```ts
 * import { kinds, readSettings, setting } from '@vmobs/settings';
 *
 * const table = {
 *   port: setting({ variables: ['_PORT'], flag: 'port', kind: kinds.port, default: 8080, help: 'port of the API' }),
 * };
 * const { port } = readSettings(table, { env: process.env, prefixes: ['SHOP'] });
 * ```
 */
export interface Setting<T> {
  /**
   * Environment variables that set it, first set wins. A name that starts with `_` is prefixed: with the prefixes
   * `UNKEY_BILLAGED` and `BILLAGED`, `_PORT` stands for `UNKEY_BILLAGED_PORT`, then `BILLAGED_PORT`.
   *
   * The variables of OpenTelemetry, `OTEL_*`, are set for many programs at once. One whose value this program cannot use counts
   * as unset; `findUnusable` finds them, for a warning.
   */
  readonly variables: readonly string[];
  /** Command-line flag without its dashes; it wins over every variable. */
  readonly flag?: string;
  /** How its text becomes a value, and which texts are allowed. */
  readonly kind: SettingKind<T>;
  /** Value when nothing is set. */
  readonly default: NoInfer<T>;
  /** One line for `--help`. */
  readonly help: string;
  /** Heading under which `--help` shows it; settings without one come first. */
  readonly group?: string;
}

/** Settings by the name that the code uses for them. */
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

/** The values that a table of settings yields. */
export type SettingValues<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never;
};

/** Where the values of settings come from. */
export interface SettingSources {
  /** Environment; an empty variable counts as unset, as the OpenTelemetry specification has it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Prefixes for variables that start with `_`, first set wins. */
  readonly prefixes: readonly string[];
  /** Values of command-line flags by flag name. */
  readonly flags?: Readonly<Record<string, string>>;
}

/** Gives a setting its value type without spelling it out. */
export function setting<const T>(definition: Setting<T>): Setting<T> {
  return definition;
}

/**
 * Puts all settings of a table under one heading of `--help`.
 *
 * @example
 * ```ts
 * import { kinds, setting, settingGroup } from '@vmobs/settings';
 *
 * const settings = {
 *   ...settingGroup('Server', {
 *     port: setting({ variables: ['_PORT'], flag: 'port', kind: kinds.port, default: 8080, help: 'port of the API' }),
 *   }),
 * };
 * ```
 */
export function settingGroup<const Table extends SettingTable>(group: string, table: Table): Table {
  const entries = Object.entries(table).map(([name, definition]) => [name, { ...definition, group }]);
  // Each is what it was, with its heading.
  return Object.fromEntries(entries) as Table;
}

/** The full names of the variables of a setting, in the order in which they are tried. */
export function variableNames(definition: Pick<Setting<unknown>, 'variables'>, prefixes: readonly string[]): string[] {
  return definition.variables.flatMap((variable) =>
    variable.startsWith('_') ? prefixes.map((prefix) => prefix + variable) : [variable],
  );
}

/**
 * Reads every setting of a table.
 *
 * @throws ConfigurationError that lists all values that are not allowed, not only the first. Variables that other programs share
 *   are not among them.
 */
export function readSettings<Table extends SettingTable>(table: Table, sources: SettingSources): SettingValues<Table> {
  const problems: SettingProblem[] = [];
  const entries = Object.entries(table).map(([name, definition]) => {
    const given = findGiven(definition, sources);
    if (given === undefined) return [name, definition.default];
    const value = definition.kind.parse(given.value);
    if (value !== undefined) return [name, value];
    if (isShared(given.name)) return [name, definition.kind.usablePart?.(given.value) ?? definition.default];
    problems.push({ ...given, allowed: definition.kind.allowed });
    return [name, value];
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  // Every entry was made from the definition of that name, which the mapped type says and `fromEntries` cannot.
  return Object.fromEntries(entries) as SettingValues<Table>;
}

function findGiven(
  definition: Setting<unknown>,
  { env, prefixes, flags = {} }: SettingSources,
): { name: string; value: string } | undefined {
  const flagValue = definition.flag === undefined ? undefined : flags[definition.flag];
  if (flagValue !== undefined) return { name: `--${definition.flag}`, value: flagValue };
  for (const name of variableNames(definition, prefixes)) {
    const value = env[name];
    if (value !== undefined && value !== '') return { name, value };
  }
  return undefined;
}

/** Whether a variable is set for many programs at once: those of OpenTelemetry. */
function isShared(variable: string): boolean {
  return variable.startsWith('OTEL_');
}

/** A shared variable that is set to something that this program cannot use. */
export interface UnusableVariable extends SettingProblem {
  /** The setting that it would have set. */
  readonly setting: string;
}

/** Finds the shared variables that `readSettings` would have used if it could. */
export function findUnusable(table: SettingTable, sources: SettingSources): UnusableVariable[] {
  return Object.entries(table).flatMap(([name, definition]) => {
    const given = findGiven(definition, sources);
    if (given === undefined || !isShared(given.name) || definition.kind.parse(given.value) !== undefined) return [];
    return [{ ...given, setting: name, allowed: definition.kind.allowed }];
  });
}
