import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { type DiskSpoolOptions, openDiskSpool } from './disk-spool.ts';
import { createMemorySpool } from './memory-spool.ts';
import type { Spool } from './spool.ts';

/** The setting for a spool in memory instead of a folder. */
export const memoryOnly = 'memory';

/** Most bytes of a spool in memory, even if the limit is higher. */
const longestMemoryBytes = 64 * 1024 ** 2;

/**
 * Opens the spool that the settings name.
 *
 * @param options `folder` is a path, where `~/` stands for the home folder, or `memory` or empty for none
 * @throws SpoolFolderError when another process uses the folder or it cannot be written to.
 */
export function openSpool(options: DiskSpoolOptions): Spool {
  const { folder, limitBytes, now } = options;
  if (folder === memoryOnly || folder === '') {
    return createMemorySpool({ limitBytes: Math.min(limitBytes, longestMemoryBytes), now });
  }
  return openDiskSpool({ ...options, folder: resolveFolder(folder) });
}

/** The path of a spool folder, where `~/` stands for the home folder. */
export function resolveFolder(folder: string): string {
  return resolve(folder.startsWith('~/') ? join(homedir(), folder.slice(2)) : folder);
}
