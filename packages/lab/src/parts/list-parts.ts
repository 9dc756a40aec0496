import { type FindOptions, findProgram } from './find-parts.ts';
import type { Part } from './part.ts';

/**
 * A line for each program: its name, the wanted version, and where it is, or that it is not built.
 *
 * Columns are parted by at least two spaces, so that scripts can split them.
 */
export async function listParts(parts: readonly Part[], options: FindOptions): Promise<string[]> {
  const lines: string[] = [];
  for (const part of parts) {
    for (const program of part.programs) {
      const found = await findProgram(part, program, options);
      const where =
        found === undefined ? `not built, about ${part.minutes} min` : `${found.from} ${found.version} ${found.path}`;
      lines.push(`${program.name.padEnd(14)}  ${part.version.padEnd(8)}  ${where}`);
    }
  }
  return lines;
}
