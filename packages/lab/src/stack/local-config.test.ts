import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyConfigForThisHost } from './local-config.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-local-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('names and container paths become local in every file; all else is unchanged', async () => {
  const from = join(folder, 'from');
  const to = join(folder, 'to');
  await mkdir(join(from, 'rules'), { recursive: true });
  await writeFile(join(from, 'main.yml'), 'rules: /etc/part/rules/*.yml\nurl: http://lab:8090/alerts # collab:8090\n');
  await writeFile(join(from, 'rules/one.yml'), 'targets: ["lab:8090", "lab:80901"]\n');
  await copyConfigForThisHost({ from, to, local: { '/etc/part/': `${to}/`, 'lab:8090': '127.0.0.1:9' } });
  expect(await readFile(join(to, 'main.yml'), 'utf8')).toBe(
    `rules: ${to}/rules/*.yml\nurl: http://127.0.0.1:9/alerts # collab:8090\n`,
  );
  expect(await readFile(join(to, 'rules/one.yml'), 'utf8')).toBe('targets: ["127.0.0.1:9", "lab:80901"]\n');
});
