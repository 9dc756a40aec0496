import { createHash } from 'node:crypto';
import { basename } from 'node:path';

/** Which mutants are in a random sample. */
export interface Sample {
  /** The same seed draws the same mutants from the same sources. */
  readonly seed: number;
  /** Part of all mutants, from 0 to 1. */
  readonly share: number;
}

/** What identifies a mutant. */
export interface MutantPlace {
  readonly fileName: string;
  readonly location: {
    readonly start: { readonly line: number; readonly column: number };
    readonly end: { readonly line: number; readonly column: number };
  };
  readonly mutatorName: string;
  readonly replacement?: string | undefined;
}

/**
 * Whether a mutant is in the sample. This depends only on its place and the seed, so a change to one file does not affect
 * the mutants of others.
 */
export function isDrawn(
  { fileName, location, mutatorName, replacement }: MutantPlace,
  { seed, share }: Sample,
): boolean {
  const { start, end } = location;
  const place = [basename(fileName), start.line, start.column, end.line, end.column, mutatorName, replacement ?? ''];
  const hash = createHash('sha256')
    .update([seed, ...place].join('\0'))
    .digest();
  return hash.readUInt32BE(0) / 2 ** 32 < share;
}
