import type { Field, LocatedYaml } from './located-yaml.ts';

/** Requirements of a text. */
interface TextRequirement {
  /** The mapping of the field; a missing field is reported there. */
  readonly parent: Field;
  readonly key: string;
  readonly yaml: LocatedYaml;
  readonly pattern: RegExp;
  /** The pattern in words. */
  readonly allowed: string;
}

/** Reads a required text; reports an error and returns undefined if it is missing or does not match. */
export function readText(
  field: Field | undefined,
  { parent, key, yaml, pattern, allowed }: TextRequirement,
): string | undefined {
  if (field === undefined) {
    yaml.complain(parent, `has no ${key}`, `a ${key}: ${allowed}`);
    return undefined;
  }
  const value = yaml.scalar(field);
  if (value === undefined) return undefined;
  if (typeof value === 'string' && pattern.test(value)) return value;
  yaml.complain(field, `is ${JSON.stringify(value)}`, allowed);
  return undefined;
}
