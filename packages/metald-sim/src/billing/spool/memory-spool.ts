import { createDepthCount, limitFor, mostEntries, oldestBatchOf } from './depth-count.ts';
import type { SpoolEntry } from './entry.ts';
import type { Spool } from './spool.ts';
import { SpoolDamageError, SpoolRefusedError } from './spool-error.ts';

/** Options of `createMemorySpool`. */
export interface MemorySpoolOptions {
  /** Most bytes of batches. */
  readonly limitBytes: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

const noBytes = new Uint8Array();

/** Makes a spool in memory, which ends with the process. */
export function createMemorySpool({ limitBytes, now }: MemorySpoolOptions): Spool {
  const stored = new Map<SpoolEntry, Uint8Array>();
  const count = createDepthCount();
  let bytes = 0;
  let nextSequence = 1;

  function remove(entry: SpoolEntry): void {
    const body = stored.get(entry);
    if (body === undefined) return;
    stored.delete(entry);
    count.subtract(entry.content);
    bytes -= body.length;
  }

  return {
    isDurable: false,
    recovery: { entries: [], liveVms: [], gaps: [], endedInOrder: true, corruptions: 0, tornBytes: 0 },
    get depth() {
      const { batches, samples } = count;
      const oldestBatchAtMs = oldestBatchOf(stored.keys());
      return { entries: stored.size, batches, samples, bytes, limitBytes, oldestBatchAtMs };
    },
    waiting: () => stored.keys(),
    append(content, trace, body = noBytes) {
      if (bytes + body.length > limitFor(content, limitBytes) || stored.size >= limitFor(content, mostEntries)) {
        throw new SpoolRefusedError('spool_full', `${stored.size} entries of ${bytes} bytes wait, which is the limit`);
      }
      const entry = { sequence: nextSequence++, storedAtMs: now(), content, trace };
      stored.set(entry, body);
      count.add(content);
      bytes += body.length;
      return entry;
    },
    async read(entry) {
      const body = stored.get(entry);
      if (body === undefined) throw new SpoolDamageError(`entry ${entry.sequence} is not in the spool`);
      return body;
    },
    remove,
    deadLetter: remove,
    keepGaps() {},
    async close() {},
  };
}
