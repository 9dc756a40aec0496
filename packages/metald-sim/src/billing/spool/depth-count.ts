import type { EntryContent, SpoolEntry } from './entry.ts';

/** Counts the batches and samples that wait in a spool. */
export interface DepthCount {
  readonly batches: number;
  readonly samples: number;
  add(content: EntryContent): void;
  subtract(content: EntryContent): void;
}

/** Makes a count of an empty spool. */
export function createDepthCount(): DepthCount {
  const count = { batches: 0, samples: 0 };
  const change = (content: EntryContent, sign: 1 | -1) => {
    if (content.kind !== 'batch') return;
    count.batches += sign;
    count.samples += sign * content.sampleCount;
  };
  return {
    get batches() {
      return count.batches;
    },
    get samples() {
      return count.samples;
    },
    add: (content) => change(content, 1),
    subtract: (content) => change(content, -1),
  };
}

/** When the oldest batch among entries was stored; entries come in their order. */
export function oldestBatchOf(entries: Iterable<SpoolEntry>): number | undefined {
  for (const { content, storedAtMs } of entries) if (content.kind === 'batch') return storedAtMs;
  return undefined;
}

/** Most entries that wait: each costs about 300 bytes of memory, however small it is on disk. */
export const mostEntries = 100_000;

/**
 * Notices may exceed the limits of batches by 10 %: they are small, and a lost stop would leave a VM running at billaged
 * forever.
 */
export function limitFor(content: EntryContent, limit: number): number {
  return content.kind === 'batch' ? limit : 1.1 * limit;
}
