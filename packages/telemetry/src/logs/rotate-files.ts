import { renameSync } from 'node:fs';

/**
 * Moves a file out of the way: `metald.log` becomes `metald.log.1`, which had become `metald.log.2`, and so on; the oldest
 * gives way. None of these names ends in `.log`, so that what tails `*.log` does not take an old file for a new one.
 *
 * @param keep how many old files there are at most
 * @throws the error of the system when the file itself cannot be moved
 */
export function rotateFiles(path: string, keep: number): void {
  for (let age = keep - 1; age > 0; age--) moveIfThere(`${path}.${age}`, `${path}.${age + 1}`);
  renameSync(path, `${path}.1`);
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
