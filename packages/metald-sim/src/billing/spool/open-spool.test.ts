import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSpool } from './open-spool.ts';

const mebibyte = 1024 ** 2;

function open(folder: string, limitBytes = 256 * mebibyte) {
  const spool = openSpool({ folder, limitBytes, now: () => 1, onFailure: () => undefined });
  onTestFinished(() => spool.close());
  return spool;
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'open-spool-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('the folder "memory" stands for a spool in memory, of 64 MiB at most', () => {
  const folder = 'memory';
  expect(open(folder)).toMatchObject({ isDurable: false, depth: { limitBytes: 64 * mebibyte } });
  expect(open(folder, mebibyte).depth.limitBytes).toBe(mebibyte);
});

test.for(['', ' ', 'file:x?mode=memory', ':memory:'])('the folder %j is refused', (folder) => {
  expect(() => open(folder)).toThrow(/^cannot use the spool folder .*allowed is a path/);
});

test('any other folder is one on disk, with the limit that is set', async () => {
  const folder = join(await createFolder(), 'spool');
  expect(open(folder)).toMatchObject({ isDurable: true, depth: { limitBytes: 256 * mebibyte } });
  const names = await readdir(folder);
  expect(names).toContain('0000000001.spool');
  // It has the names and the usage of customers.
  for (const name of names) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
});

test('a relative path is found from the working directory', async () => {
  const here = await createFolder();
  open(join(relative(process.cwd(), here), 'one'));
  expect(await readdir(here)).toEqual(['one']);
});
