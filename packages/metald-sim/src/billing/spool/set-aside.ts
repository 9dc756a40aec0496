import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchHeader } from '../messages.ts';
import { decodeSpoolRecord } from './entry.ts';
import { lockFolder } from './folder-lock.ts';
import { type FoundRecord, recordLength, scanRecords } from './record.ts';

/** The file of the batches that billaged has rejected, to which metald appends. */
export const setAsideFile = 'set-aside.spool';

/** The same file while batches are removed from it. metald appends to a new one meanwhile. */
const takenFile = 'set-aside.taken';

/** A batch that was set aside. */
export interface SetAsideBatch {
  readonly header: BatchHeader;
  /** The encoded request. */
  readonly bytes: Uint8Array;
}

/**
 * Gives the batches that are set aside in a folder to a function, oldest first, and removes those that it settles. The others
 * stay, also when it throws. A metald may use the folder at the same time. A crash loses no batch; some are given again.
 *
 * @param settle returns whether the batch can be removed, and throws when no further batch shall be given to it
 * @returns number of corrupt places: at least as many batches cannot be read; their bytes stay in the file
 * @throws SpoolFolderError when another process does the same, or the folder cannot be written to
 */
export async function settleSetAside(
  folder: string,
  settle: (batch: SetAsideBatch) => Promise<boolean>,
): Promise<number> {
  const [file, taken] = [join(folder, setAsideFile), join(folder, takenFile)];
  if (!existsSync(file) && !existsSync(taken)) return 0;
  const lock = lockFolder(folder, 'set-aside.lock');
  try {
    // A crash has interrupted a removal: some of these may be twice in the file now, and billaged recognises them.
    if (existsSync(taken)) putBack(taken, file, []);
    const { records, corruptions } = scanRecords(readFileSync(file));
    const settled: FoundRecord[] = [];
    try {
      for (const found of records) if (await settleRecord(found, settle)) settled.push(found);
    } finally {
      if (settled.length > 0) {
        renameSync(file, taken);
        putBack(taken, file, settled);
      }
    }
    return corruptions;
  } finally {
    lock.release();
  }
}

async function settleRecord(
  { payload }: FoundRecord,
  settle: (batch: SetAsideBatch) => Promise<boolean>,
): Promise<boolean> {
  const record = decodeSpoolRecord(payload);
  if (!('entry' in record) || record.entry.content.kind !== 'batch') return false;
  return settle({ header: record.entry.content, bytes: record.body });
}

/** Appends what is not settled of a taken file to the file of metald, and deletes the taken one. */
function putBack(taken: string, file: string, settled: readonly FoundRecord[]): void {
  const bytes = readFileSync(taken);
  const rest: Buffer[] = [];
  let from = 0;
  for (const { offset, payload } of settled) {
    rest.push(bytes.subarray(from, offset));
    from = offset + recordLength(payload.length);
  }
  rest.push(bytes.subarray(from));
  const left = Buffer.concat(rest);
  if (left.length > 0) appendSynced(file, left);
  rmSync(taken);
}

function appendSynced(file: string, bytes: Buffer): void {
  const descriptor = openSync(file, 'a', 0o600);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
