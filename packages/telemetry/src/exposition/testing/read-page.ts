import type { CheckedFamily } from '../check-family.ts';
import type { FamilySource, NamedSource } from '../family.ts';
import { openMetricsSyntax, type Syntax, textSyntax } from '../formats.ts';
import { createGatherer, type Gathered } from '../gatherer.ts';
import { writePage } from '../page.ts';

/** Asks sources once, for tests. */
export async function gather(sources: readonly (FamilySource | NamedSource)[], limitMs = 5_000): Promise<Gathered> {
  const errors: Error[] = [];
  const onError = (error: Error) => errors.push(error);
  const gatherer = createGatherer({ sources: () => sources, onError, sourceTimeoutMs: limitMs });
  const { families } = await gatherer.gather(limitMs);
  return { families, errors };
}

/** A page in the text format, for tests. */
export function writeText(families: readonly CheckedFamily[]): string {
  return readPage(families, textSyntax);
}

/** A page in OpenMetrics, for tests. */
export function writeOpenMetrics(families: readonly CheckedFamily[]): string {
  return readPage(families, openMetricsSyntax);
}

function readPage(families: readonly CheckedFamily[], syntax: Syntax): string {
  const onError = (error: Error) => {
    throw error;
  };
  const { pieces } = writePage(families, { syntax, onError });
  return Array.from(pieces, (piece) => (typeof piece === 'string' ? piece : Buffer.from(piece).toString())).join('');
}
