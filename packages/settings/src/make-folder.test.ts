import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolder } from './make-folder.ts';

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'make-folder-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('a folder and those above it are made with the mode, and one that is there stays', () => {
  const folder = createFolder();
  for (let time = 0; time < 2; time++) makeFolder(join(folder, 'a', 'b', 'c'), 0o700);
  for (const path of ['a', 'a/b', 'a/b/c']) expect(statSync(join(folder, path)).mode & 0o777).toBe(0o700);
});

test('a folder below a file is an error', () => {
  const file = join(createFolder(), 'file');
  writeFileSync(file, '');
  expect(() => makeFolder(join(file, 'a', 'b'))).toThrow('ENOTDIR');
});

test.runIf(process.platform === 'linux').for(['/proc/x', '/proc/x/y/z', '/proc/self/x/y'])(
  '%s, where the system makes no folders, is an error and not an endless loop',
  (path) => {
    expect(() => makeFolder(path)).toThrow();
  },
);
