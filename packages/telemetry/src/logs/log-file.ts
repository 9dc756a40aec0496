import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError } from '../lifecycle/command-error.ts';
import { rotateFiles } from './rotate-files.ts';

/** Where a log file is and when it is rotated. */
export interface LogFileOptions {
  readonly path: string;
  /** Size at which the file is rotated, in bytes; 0 never rotates it. @default 0 */
  readonly maxBytes?: number;
  /** How many rotated files are kept: `path.1` is the newest. @default 5 */
  readonly keep?: number;
}

/** The log file that somebody has set, if any. */
export function logFileOf(settings: {
  readonly logFile: string;
  readonly logFileMaxBytes: number;
  readonly logFileKeep: number;
}): LogFileOptions | undefined {
  const { logFile: path, logFileMaxBytes: maxBytes, logFileKeep: keep } = settings;
  return path === '' ? undefined : { path, maxBytes, keep };
}

/** An open log file. */
export interface LogFile {
  /** Hands data to the system; rotates the file first where a whole line would make it too large. */
  put(data: string | Uint8Array): number;
  /** Opens the path anew, after somebody else has moved the file. @throws the error of the system; the old file stays open */
  reopen(): void;
  close(): void;
}

/** Says in one line why a log file cannot be opened and what to change. */
export class LogFileError extends CommandError {
  override readonly name = 'LogFileError';

  constructor(path: string, cause: unknown) {
    const code = codeOf(cause);
    const reasons: Readonly<Record<string, string>> = {
      EACCES: 'this user may not write there',
      EISDIR: 'it is a folder',
      ENOTDIR: 'a part of its path is no folder',
      EEXIST: 'a part of its path is no folder',
      ENXIO: 'it is a pipe that nobody reads',
      EROFS: 'the file system is read-only',
    };
    super(
      `cannot open the log file ${path}: ${reasons[code] ?? `it failed with ${code}`}; choose another with LOG_FILE`,
      {
        cause,
      },
    );
  }
}

/** Appends; a pipe does not hold up who opens it or writes to it. */
const openFlags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NONBLOCK;

/**
 * Opens a log file, in a folder that is made where it is missing. A disk without room is no reason not to start: the file is
 * then opened with the first line that it takes.
 *
 * @param onRotationFailed is told why the file could not be rotated; it grows on until the next try, at twice the size and so on
 * @throws LogFileError when the path is one that cannot be written to
 */
export function openLogFile(options: LogFileOptions, onRotationFailed: (error: unknown) => void): LogFile {
  const { path, maxBytes = 0, keep = 5 } = options;
  let fd: number | undefined;
  let size = 0;
  let rotateAt = Number.POSITIVE_INFINITY;

  function open(): number {
    mkdirSync(dirname(path), { recursive: true });
    const opened = openSync(path, openFlags);
    const status = fstatSync(opened);
    size = status.size;
    // Only a file can be moved away: a device or a pipe stays where it is.
    rotateAt = status.isFile() && maxBytes > 0 ? maxBytes : Number.POSITIVE_INFINITY;
    if (fd !== undefined) closeSync(fd);
    fd = opened;
    return opened;
  }

  /** @param bytes what is about to be written */
  function rotateBefore(bytes: number, current: number): void {
    const { ino, size: actualSize } = fstatSync(current);
    size = actualSize;
    // Somebody else has emptied the file.
    if (size + bytes <= rotateAt) return;
    try {
      // Somebody else has moved the file away or deleted it: only the new one has to be opened.
      const isMoved = statSync(path, { throwIfNoEntry: false })?.ino !== ino;
      if (isMoved) open();
      else rotate();
    } catch (error) {
      rotateAt = size + maxBytes;
      onRotationFailed(error);
    }
  }

  function rotate(): void {
    rotateFiles(path, keep);
    try {
      open();
    } catch (error) {
      // What is written on goes where readers look for it.
      renameSync(`${path}.1`, path);
      throw error;
    }
  }

  try {
    open();
  } catch (error) {
    if (!isWithoutRoom(error)) throw new LogFileError(path, error);
  }

  return {
    put(data) {
      const current = fd ?? open();
      // The rest of a line stays with its beginning.
      if (typeof data !== 'string') return note(writeSync(current, data));
      if (size > 0 && size + data.length > rotateAt) rotateBefore(data.length, current);
      return note(writeSync(fd ?? current, data));
    },
    reopen: () => void open(),
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };

  function note(taken: number): number {
    size += taken;
    return taken;
  }
}

function isWithoutRoom(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
