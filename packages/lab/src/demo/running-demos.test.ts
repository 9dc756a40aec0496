import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { announceDemo, findRunningDemo, type RunningDemo } from './running-demos.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'vmobs-running-demos-')), 'demos');
});
afterEach(() => rm(join(folder, '..'), { recursive: true }));

const demo: RunningDemo = {
  pid: process.pid,
  startedAt: '2026-11-30T12:00:00.000Z',
  logFolders: ['/logs/metald'],
  logStoreUrl: null,
};

test('a demo is found while it runs, by its user alone', async () => {
  expect(await findRunningDemo(folder)).toBeUndefined();
  const end = await announceDemo(demo, folder);
  expect(await findRunningDemo(folder)).toEqual(demo);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  await end();
  expect(await findRunningDemo(folder)).toBeUndefined();
  expect(await readdir(folder)).toEqual([]);
});

test('of several the last one is found, and none that was killed or is cut short', async () => {
  const parent = { ...demo, pid: process.ppid, startedAt: '2026-11-30T13:00:00.000Z' };
  // No process has an id this large.
  const killed = { ...demo, pid: 2 ** 30, startedAt: '2026-11-30T14:00:00.000Z' };
  for (const one of [parent, demo, killed]) await announceDemo(one, folder);
  await writeFile(join(folder, '1.json'), '{"pid":');
  await writeFile(join(folder, '2.json'), 'null');
  await writeFile(join(folder, '3.json'), JSON.stringify({ ...killed, pid: process.pid, logFolders: 'logs' }));
  expect(await findRunningDemo(folder)).toEqual(parent);
  expect(await readdir(folder)).not.toContain(`${killed.pid}.json`);
});

test('a folder that another user has made is neither written nor believed', async () => {
  await announceDemo(demo, folder);
  const stranger = (process.getuid?.() ?? 0) + 1;
  expect(await findRunningDemo(folder, stranger)).toBeUndefined();
  const end = await announceDemo({ ...demo, pid: process.ppid }, folder, stranger);
  expect(await readdir(folder)).toEqual([`${demo.pid}.json`]);
  await end();
});

test('a link to a folder is not believed', async () => {
  await announceDemo(demo, folder);
  const link = `${folder}-link`;
  await symlink(folder, link);
  expect(await findRunningDemo(link)).toBeUndefined();
});
