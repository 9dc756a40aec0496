import type { Field, LocatedYaml } from './located-yaml.ts';

/** What a text has to be. */
interface TextRequirement {
  /** The mapping that the field is in; a missing field is complained about there. */
  readonly parent: Field;
  readonly key: string;
  readonly yaml: LocatedYaml;
  readonly pattern: RegExp;
  /** The pattern in words. */
  readonly allowed: string;
}

/** Reads a text that has to be there; complains and returns undefined when it is missing or does not match. */
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
