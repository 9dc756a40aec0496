import { findUnusable, variableNames } from '@vmobs/settings';
import type { Logger } from './logs/logger.ts';
import { type TelemetrySettings, telemetrySettings } from './telemetry-settings.ts';

/** The environment that settings were read from. */
export interface ReadEnvironment {
  readonly env: NodeJS.ProcessEnv;
  /** Prefixes of the service's own variables. */
  readonly prefixes: readonly string[];
}

/** What a line says about one variable. */
interface VariableNote {
  readonly variable: string;
  readonly value: string;
  /** What holds instead. */
  readonly instead: string;
}

/**
 * Logs what a user may not expect of the environment: shared variables whose value cannot be used, own variables that do not
 * exist but nearly, and a collector that gets nothing. None of it stops a service.
 */
export function logEnvironment(logger: Logger, settings: TelemetrySettings, environment: ReadEnvironment): void {
  for (const note of [...unusableVariables(settings, environment), ...fixedVariables(environment)]) {
    const { variable, value, instead } = note;
    logger.warn({ ...note }, `${variable}=${JSON.stringify(value)} cannot be used here; ${instead} holds`);
  }
  for (const { variable, nearest } of misspelt(environment)) {
    logger.warn({ variable, nearest }, `${variable} is not a variable of this service; is it ${nearest}?`);
  }
  const collector = collectorVariables.find((name) => isSet(environment.env[name]));
  if (collector !== undefined && !settings.tracesEnabled && !settings.sdkDisabled) {
    const enable = [
      ...environment.prefixes.map((prefix) => `${prefix}_OTEL_ENABLED=true`),
      'OTEL_TRACES_EXPORTER=otlp',
    ][0];
    logger.info({ variable: collector }, `${collector} is set, but traces are off; ${enable} sends them`);
  }
}

const collectorVariables = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

const table = telemetrySettings({ name: '', version: '' });

function unusableVariables(settings: TelemetrySettings, environment: ReadEnvironment): VariableNote[] {
  const values = new Map<string, unknown>(Object.entries(settings));
  return findUnusable(table, environment).map(({ name, value, setting }) => {
    const held = values.get(setting);
    const word = setting === 'tracesEnabled' ? (held === true ? 'otlp' : 'none') : String(held);
    return { variable: name, value, instead: word };
  });
}

/** What cannot be chosen, with the values that say so. */
const fixed = [
  { variable: 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', values: ['http/json'] },
  { variable: 'OTEL_EXPORTER_OTLP_PROTOCOL', values: ['http/json'] },
  { variable: 'OTEL_PROPAGATORS', values: ['tracecontext,baggage', 'baggage,tracecontext'] },
] as const;

function fixedVariables({ env }: ReadEnvironment): VariableNote[] {
  return fixed.flatMap(({ variable, values }) => {
    const value = env[variable];
    if (!isSet(value) || values.some((one) => one === value.replaceAll(' ', '').toLowerCase())) return [];
    return [{ variable, value, instead: values[0] }];
  });
}

function misspelt({ env, prefixes }: ReadEnvironment): { variable: string; nearest: string }[] {
  const known = new Set(Object.values(table).flatMap((definition) => variableNames(definition, prefixes)));
  const candidates = [...known].filter((name) => prefixes.some((prefix) => name.startsWith(`${prefix}_OTEL_`)));
  return Object.keys(env).flatMap((variable) => {
    if (known.has(variable) || !prefixes.some((prefix) => variable.startsWith(`${prefix}_OTEL`))) return [];
    const nearest = candidates.find((name) => isNear(variable, name));
    return nearest === undefined ? [] : [{ variable, nearest }];
  });
}

/** Whether two names differ in at most 2 letters: added, missing or different. */
function isNear(one: string, other: string): boolean {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [at, otherLetter] of [...other].entries()) {
      const replaced = (row[at] ?? 0) + (letter === otherLetter ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return (row[other.length] ?? 0) <= 2;
}
