import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSpoolRecord, type SpoolEntry } from './entry.ts';
import { encodeRecord } from './record.ts';

/** Most bytes of dead letters: they are kept for a person to look at. */
const limitBytes = 16 * 1024 ** 2;

/** The file of the batches that billaged rejected, in the format of a segment. */
export interface DeadLetterFile {
  /** Keeps a batch while there is room. @throws what the file system says */
  keep(entry: SpoolEntry, body: Uint8Array): void;
  close(): void;
}

/** Opens `set-aside.spool` of a folder with the first batch that needs it. */
export function openDeadLetterFile(folder: string): DeadLetterFile {
  let descriptor: number | undefined;
  return {
    keep(entry, body) {
      descriptor ??= openSync(join(folder, 'set-aside.spool'), 'a', 0o600);
      if (fstatSync(descriptor).size < limitBytes) {
        writeSync(descriptor, encodeRecord(encodeSpoolRecord({ type: 'entry', entry, body })));
      }
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
}
