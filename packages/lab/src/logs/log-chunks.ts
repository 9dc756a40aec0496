import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '@vmobs/settings';

const chunkBytes = 1024 * 1024;

/** No log store accepts a line of this length. */
const maxLineBytes = 4 * 1024 * 1024;

/** How much of a longer line is kept: the fields at its start and the number at its end. */
const frontBytes = 64 * 1024;
const backBytes = 64;
/** Replaces the middle of a longer line. JSON cannot contain it, so the result is never mistaken for a whole line. */
const cut = Buffer.from([0]);

/** How many bytes before a read position are compared, to recognize a file. */
const markBytes = 512;

/** An open file and its status. */
export interface OpenFile {
  readonly file: FileHandle;
  readonly status: Stats;
}

/** The position up to which a file was read. */
export interface ReadMark {
  readonly end: number;
  /** The bytes in front of it. */
  readonly before: Buffer;
}

/** Log files in these folders, the oldest rotation first. @throws Error of the system when a folder cannot be read */
export async function listFiles(folders: readonly string[]): Promise<string[]> {
  const names = await Promise.all(
    folders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
  );
  const age = (path: string) => Number(/\.log(?:\.(\d+))?$/.exec(path)?.[1] ?? 0);
  return names
    .flat()
    .filter((path) => /\.log(\.\d+)?$/.test(path))
    .sort((one, other) => age(other) - age(one));
}

/** @returns `undefined` for a file that a rotation has just removed, and for anything but a regular file, such as a pipe */
export async function openFile(path: string): Promise<OpenFile | undefined> {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a pipe waits until somebody writes to it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await file.stat();
    if (status.isFile()) return { file, status };
  } catch (error) {
    await file?.close();
    if (['ENOENT', 'ENXIO'].includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
  await file.close();
  return undefined;
}

/** Marks a place in a file. */
export async function markAt(file: FileHandle, end: number): Promise<ReadMark> {
  const length = Math.min(markBytes, end);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, end - length);
  return { end, before: buffer.subarray(0, bytesRead) };
}

/**
 * Where reading continues: at the mark, or at the start if this is no longer the same file, because it was truncated or has
 * the inode of a deleted file.
 */
export async function resumeAt({ file, status }: OpenFile, mark: ReadMark | undefined): Promise<number> {
  if (mark === undefined || mark.end > status.size) return 0;
  return (await markAt(file, mark.end)).before.equals(mark.before) ? mark.end : 0;
}

/**
 * Reads the complete lines from an offset on, a chunk at a time, with the offset after them. Only the two ends of a line above
 * 4 MiB are kept.
 */
export async function* readChunks(file: FileHandle, offset: number): AsyncGenerator<{ lines: string[]; end: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let position = offset;
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkBytes);
    const { bytesRead } = await file.read(chunk, 0, chunkBytes, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    const data = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    const size = data.lastIndexOf(10) + 1;
    rest = data.subarray(size);
    if (size > 0) yield { lines: data.toString('utf8', 0, size - 1).split('\n'), end: position - rest.length };
    if (rest.length > maxLineBytes)
      rest = Buffer.concat([rest.subarray(0, frontBytes), cut, rest.subarray(-backBytes)]);
  }
}
