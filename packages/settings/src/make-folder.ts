import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf } from './errors.ts';

/**
 * Makes a folder and the folders above it. `mkdirSync` with `recursive` never returns where the system refuses new folders as
 * missing, as it does in `/proc`.
 *
 * @param mode of each new folder, less the process's umask
 * @throws the error of the file system
 */
export function makeFolder(path: string, mode = 0o777): void {
  if (makeOne(path, mode)) return;
  makeFolder(dirname(path), mode);
  if (!makeOne(path, mode)) throw new Error(`no folder can be made at ${path}`);
}

/** @returns false when the folder above is missing */
function makeOne(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode });
    return true;
  } catch (error) {
    // Also when it is a file: what is opened in it says so.
    if (codeOf(error) === 'EEXIST') return true;
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
    return false;
  }
}
