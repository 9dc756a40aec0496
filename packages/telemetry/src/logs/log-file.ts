import { closeSync, constants, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

import { CommandError, codeOf, makeFolder } from '@vmobs/settings';

/** Path of a log file and when it is rotated. */
export interface LogFileOptions {
  readonly path: string;
  /** Size at which the file is rotated, in bytes; 0 never rotates it. @default 0 */
  readonly maxBytes?: number;
  /** Number of rotated files to keep; `path.1` is the newest. @default 5 */
  readonly keep?: number;
}

/** The log file of the settings, if one is set. */
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
  /** Writes data; rotates the file first if a whole line would make it too large. */
  put(data: string | Uint8Array): number;
  /** Reopens the path, after another program has moved the file. @throws the system error; the old file stays open then */
  reopen(): void;
  close(): void;
}

/** The log file cannot be opened. The message says why and what to change. */
export class LogFileError extends CommandError {
  override readonly name = 'LogFileError';

  constructor(path: string, cause: unknown) {
    const code = codeOf(cause) ?? String(cause);
    const reasons: Readonly<Record<string, string>> = {
      EACCES: 'this user may not write there',
      EISDIR: 'it is a folder',
      ENOTDIR: 'a part of its path is not a folder',
      EEXIST: 'a part of its path is not a folder',
      ENXIO: 'it is a pipe without a reader',
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

const newline = 10;

/** Appends. A pipe blocks neither opening nor writing. */
const openFlags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NONBLOCK;

/**
 * Opens a log file, and creates its folder if it is missing. A full disk does not prevent the start: the file is then opened
 * with the first line that it accepts.
 *
 * @param onRotationFailed called when the file could not be rotated; it grows by `maxBytes` before the next attempt
 * @throws LogFileError when the path cannot be written to
 */
export function openLogFile(options: LogFileOptions, onRotationFailed: (error: unknown) => void): LogFile {
  return new RotatedLogFile(options, onRotationFailed);
}

class RotatedLogFile implements LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #onRotationFailed: (error: unknown) => void;
  #fd: number | undefined;
  #size = 0;
  #rotateAt = Number.POSITIVE_INFINITY;
  /** Whether the file ends within a line. */
  #isTorn = false;

  constructor({ path, maxBytes = 0, keep = 5 }: LogFileOptions, onRotationFailed: (error: unknown) => void) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#onRotationFailed = onRotationFailed;
    try {
      this.#open();
    } catch (error) {
      if (!isDiskFull(error)) throw new LogFileError(path, error);
    }
  }

  put(data: string | Uint8Array): number {
    const current = this.#fd ?? this.#open();
    // The rest of a line stays in the file of its beginning.
    if (typeof data !== 'string') return this.#count(writeSync(current, data));
    if (this.#size > 0 && this.#size + data.length > this.#rotateAt) this.#rotateBefore(data.length, current);
    if (this.#isTorn) this.#count(writeSync(this.#fd ?? current, '\n'));
    this.#isTorn = false;
    return this.#count(writeSync(this.#fd ?? current, data));
  }

  reopen(): void {
    this.#open();
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    makeFolder(dirname(this.#path));
    const opened = openSync(this.#path, openFlags);
    const status = fstatSync(opened);
    this.#size = status.size;
    // Only a regular file can be rotated, not a device or a pipe.
    this.#rotateAt = status.isFile() && this.#maxBytes > 0 ? this.#maxBytes : Number.POSITIVE_INFINITY;
    this.#isTorn = status.isFile() && endsTorn(this.#path, status.size);
    this.close();
    this.#fd = opened;
    return opened;
  }

  /** @param bytes number of bytes about to be written */
  #rotateBefore(bytes: number, current: number): void {
    const { ino, size } = fstatSync(current);
    this.#size = size;
    // Another program has truncated the file.
    if (size + bytes <= this.#rotateAt) return;
    try {
      // Another program has moved or deleted the file: opening the path is enough.
      const isMoved = statSync(this.#path, { throwIfNoEntry: false })?.ino !== ino;
      if (isMoved) this.#open();
      else this.#rotate();
    } catch (error) {
      this.#rotateAt = size + this.#maxBytes;
      this.#onRotationFailed(error);
    }
  }

  #rotate(): void {
    rotateFiles(this.#path, this.#keep);
    try {
      this.#open();
    } catch (error) {
      // Further lines go where readers look for them.
      renameSync(`${this.#path}.1`, this.#path);
      throw error;
    }
  }

  #count(accepted: number): number {
    this.#size += accepted;
    return accepted;
  }
}

/** Whether the file ends within a line, because a process died: the next line would become part of it. */
function endsTorn(path: string, size: number): boolean {
  if (size === 0) return false;
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const last = Buffer.alloc(1);
    return readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== newline;
  } catch {
    // The file is writable and not readable.
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '');
}

/**
 * Renames `metald.log` to `metald.log.1`, after the former `metald.log.1` to `metald.log.2`, and so on; the oldest file is
 * overwritten. None of these names ends in `.log`, so that a program that tails `*.log` does not take an old file for a new one.
 *
 * @param keep largest number of old files
 * @throws the system error when the current file cannot be renamed
 */
function rotateFiles(path: string, keep: number): void {
  for (let age = keep - 1; age > 0; age--) renameIfExists(`${path}.${age}`, `${path}.${age + 1}`);
  renameSync(path, `${path}.1`);
}

function renameIfExists(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
