import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keepDatabaseSecrets } from './database-secrets.ts';

async function freshFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-database-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test('the URL has the password, which is drawn once and kept', async () => {
  const folder = await freshFolder();
  expect(await keepDatabaseSecrets(folder)).toEqual({ isNew: true });
  const password = await readFile(join(folder, 'password'), 'utf8');
  const url = await readFile(join(folder, 'url'), 'utf8');
  expect(url).toBe(`postgres://billaged:${password}@postgres:5432/billaged\n`);
  expect(new URL(url.trim()).password).toBe(password);

  expect(await keepDatabaseSecrets(folder)).toEqual({ isNew: false });
  expect(await readFile(join(folder, 'url'), 'utf8')).toBe(url);
});

test('nobody but the owner and the group can read either file', async () => {
  const folder = await freshFolder();
  await keepDatabaseSecrets(folder);
  for (const name of ['password', 'url']) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o440);
});

test('a missing folder is named', async () => {
  const folder = join(await freshFolder(), 'nowhere');
  await expect(keepDatabaseSecrets(folder)).rejects.toThrow(
    `the password file ${join(folder, 'password')} cannot be used`,
  );
});
