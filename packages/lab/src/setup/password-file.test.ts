import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepPassword } from './password-file.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-setup-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a password is drawn once and kept', async () => {
  const file = join(folder, 'password');
  const first = await keepPassword(file);
  expect(first).toEqual({ password: expect.stringMatching(/^[\w-]{32}$/), isNew: true });
  expect(await keepPassword(file)).toEqual({ password: first.password, isNew: false });
  expect(await readFile(file, 'utf8')).toBe(first.password);
});

test('two files get different passwords', async () => {
  const [one, other] = await Promise.all(['a', 'b'].map((name) => keepPassword(join(folder, name))));
  expect(one?.password).not.toBe(other?.password);
});

test('only the owner and the group can read the file', async () => {
  const file = join(folder, 'password');
  await keepPassword(file);
  expect((await stat(file)).mode & 0o777).toBe(0o440);
});

test('an empty file is refused with what to do', async () => {
  const file = join(folder, 'password');
  await writeFile(file, '\n');
  await expect(keepPassword(file)).rejects.toThrow(/cannot be used: it is empty; remove it/);
});

test('a missing folder is named', async () => {
  const file = join(folder, 'nowhere/password');
  await expect(keepPassword(file)).rejects.toThrow(`the password file ${file} cannot be used: ENOENT`);
});
