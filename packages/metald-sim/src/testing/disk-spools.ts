import { cpSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { headerOf } from '../billing/messages.ts';
import { type DiskSpoolOptions, openDiskSpool } from '../billing/spool/disk-spool.ts';
import type { Spool } from '../billing/spool/spool.ts';

/** How long a slow machine may take. */
export const patience = { timeout: 100_000 };

/** Makes a folder that is removed with the test. */
export async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'disk-spool-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens a spool that throws what the file system refuses, unless the test has options of its own. */
export function open(folder: string, options: Partial<DiskSpoolOptions> = {}): Spool {
  const onFailure = (_failure: string, error: unknown) => {
    throw error;
  };
  return openDiskSpool({ folder, limitBytes: 1024 ** 3, now: () => 5_000, onFailure, syncIntervalMs: 5, ...options });
}

/** What `kill -9` leaves: the files as they are at this moment. */
export async function copyOf(folder: string): Promise<string> {
  const copy = join(await createFolder(), 'copy');
  cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('lock') });
  return copy;
}

/** A batch with bytes that tell it from others. */
export function batchOf(vmId: string, number: number, length = 10) {
  return {
    vmId,
    customerId: 'acme',
    sampleCount: number,
    firstTimestamp: BigInt(number) * 1_000n,
    lastTimestamp: BigInt(number) * 1_000n + 999n,
    bytes: new Uint8Array(length).fill(number),
  };
}

/** Stores a batch. */
export function append(spool: Spool, batch: ReturnType<typeof batchOf>) {
  return spool.append(headerOf(batch), {}, batch.bytes);
}
