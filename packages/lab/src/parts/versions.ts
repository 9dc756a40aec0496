import { readFile } from 'node:fs/promises';
import { CommandError } from '@vmobs/settings';

/** Values of a versions file by the name of their variable. */
export type Versions = ReadonlyMap<string, string>;

/**
 * Reads `NAME=VALUE` lines: the form that a shell, `docker compose` and this module understand alike. So quotes, spaces and
 * comments behind a value, which those three take differently, are refused.
 *
 * @param file its name, for messages.
 * @throws CommandError that names the line.
 */
export function parseVersions(text: string, file: string): Versions {
  const versions = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=([A-Za-z0-9][A-Za-z0-9.+_-]*)$/.exec(line) ?? [];
    const fail = (problem: string) => new CommandError(`${file}:${index + 1}: "${line}": ${problem}`);
    if (name === undefined || value === undefined) {
      throw fail('a line is NAME=VALUE without quotes or spaces, or a comment that starts with #');
    }
    if (versions.has(name)) throw fail(`${name} has a value already; keep one of the two lines`);
    versions.set(name, value);
  }
  return versions;
}

/**
 * Reads a versions file.
 *
 * @throws CommandError when it is not there or a line of it cannot be read.
 */
export async function readVersions(file: string): Promise<Versions> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandError(`the versions of the parts cannot be read: ${error.message}`);
  });
  return parseVersions(text, file);
}

/** @throws CommandError that names the variable when it has no value. */
export function requireVersion(versions: Versions, name: string, file: string): string {
  const value = versions.get(name);
  if (value === undefined) throw new CommandError(`${file} has no ${name}; add a line such as ${name}=1.2.3`);
  return value;
}
