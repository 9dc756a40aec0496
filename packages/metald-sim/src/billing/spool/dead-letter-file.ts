import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSpoolRecord, type SpoolEntry } from './entry.ts';
import { encodeRecord } from './record.ts';
import { setAsideFile } from './set-aside.ts';

/** Most bytes of dead letters: they wait for a person. */
const limitBytes = 16 * 1024 ** 2;

/** The file of the batches that billaged rejected, in the format of a segment. */
export interface DeadLetterFile {
  /** Keeps a batch. @throws what the file system says, or that there is no room */
  keep(entry: SpoolEntry, body: Uint8Array): void;
}

/**
 * Makes the keeper of `set-aside.spool` of a folder. It opens the file for each batch, because the command that sends them again
 * replaces the file.
 */
export function createDeadLetterFile(folder: string): DeadLetterFile {
  return {
    keep(entry, body) {
      const descriptor = openSync(join(folder, setAsideFile), 'a', 0o600);
      try {
        if (fstatSync(descriptor).size >= limitBytes) {
          throw new Error(`${setAsideFile} is full with ${limitBytes} bytes: a rejected batch is lost`);
        }
        writeSync(descriptor, encodeRecord(encodeSpoolRecord({ type: 'entry', entry, body })));
      } finally {
        closeSync(descriptor);
      }
    },
  };
}
