import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { kinds } from '@vmobs/settings';
import { type DiskSpoolOptions, openDiskSpool } from './disk-spool.ts';
import { createMemorySpool } from './memory-spool.ts';
import type { Spool } from './spool.ts';
import { unusableFolder } from './spool-error.ts';

/** The setting for a spool in memory instead of a folder. */
export const memoryOnly = 'memory';

/** Most bytes of a spool in memory, even if the limit is higher. */
const longestMemoryBytes = 64 * 1024 ** 2;

/**
 * Opens the spool that the settings name.
 *
 * @param options `folder` is a path, where `~/` stands for the home folder, or `memory` for none
 * @throws SpoolFolderError when another process uses the folder or it cannot be written to.
 */
export function openSpool(options: DiskSpoolOptions): Spool {
  const { folder, limitBytes, now } = options;
  if (folder === memoryOnly) {
    return createMemorySpool({ limitBytes: Math.min(limitBytes, longestMemoryBytes), now });
  }
  return openDiskSpool({ ...options, folder: resolveFolder(folder) });
}

/**
 * The path of a spool folder, where `~/` stands for the home folder.
 *
 * @throws SpoolFolderError for text that is no path
 */
export function resolveFolder(folder: string): string {
  const { allowed, parse } = kinds.path();
  if (parse(folder) === undefined) throw unusableFolder(folder, new Error(`allowed is ${allowed}`));
  return resolve(folder.startsWith('~/') ? join(homedir(), folder.slice(2)) : folder);
}
