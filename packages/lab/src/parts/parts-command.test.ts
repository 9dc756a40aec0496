import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readParts } from './part.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-parts-command-'));
  await mkdir(join(folder, 'bin'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the command with an empty cache and a PATH that has only what a test puts there. */
function runParts(...flags: string[]): Promise<{ status: number | string; stdout: string; stderr: string }> {
  const env = { PATH: join(folder, 'bin'), VMOBS_PARTS_CACHE: join(folder, 'cache') };
  const main = join(import.meta.dirname, 'main.ts');
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...flags], { env }, (error, stdout, stderr) => {
      resolve({ status: error?.code ?? 0, stdout, stderr });
    });
  });
}

test('--list has a line for each program, with its version and where it is', async () => {
  const parts = await readParts();
  await writeFile(join(folder, 'bin/amtool'), '#!/bin/sh\necho amtool, version 0.34.7\n', { mode: 0o755 });
  const { status, stdout } = await runParts('--list');
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  expect(status).toBe(0);
  expect(rows.map(([name, version]) => [name, version])).toEqual(
    parts.flatMap(({ programs, version }) => programs.map(({ name }) => [name, version])),
  );
  expect(rows.find(([name]) => name === 'amtool')?.[2]).toBe(`path 0.34.7 ${join(folder, 'bin/amtool')}`);
  expect(rows.find(([name]) => name === 'prometheus')?.[2]).toBe('not built, about 3 min');
});

test('--only leaves the others alone', async () => {
  const { stdout } = await runParts('--list', '--only=node_exporter,prometheus');
  expect(stdout.match(/^\w+/gm)).toEqual(['prometheus', 'promtool', 'node_exporter']);
});

test('a part that does not exist is refused with those that do', async () => {
  const { status, stderr } = await runParts('--only=grafana');
  expect(status).toBe(2);
  expect(stderr).toContain('prometheus, alertmanager, node_exporter, otelcol, victorialogs, jaeger, opensearch');
});

test('without Go it is said what is missing and how to get it', async () => {
  const { status, stderr } = await runParts('--only=node_exporter');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^parts: Go is not on PATH: .* Go 1\.\d+.* or newer; install it from https:\/\/go\.dev\/dl/m);
  expect(await readdir(folder)).toEqual(['bin']);
});

test('a part on PATH at a version that fits is not built', async () => {
  const [version] = (await readParts()).filter(({ name }) => name === 'node_exporter').map((part) => part.version);
  const path = join(folder, 'bin/node_exporter');
  await writeFile(path, `#!/bin/sh\necho node_exporter, version ${version}\n`, { mode: 0o755 });
  const { status, stdout } = await runParts('--only=node_exporter');
  expect(status).toBe(0);
  expect(stdout).toContain(`node_exporter ${version}: there, ${path}`);
});

test('a part for tests is skipped without Java unless it is the only one requested', async () => {
  const versions = new Map((await readParts()).map(({ name, version }) => [name, version]));
  const path = join(folder, 'bin/node_exporter');
  await writeFile(path, `#!/bin/sh\necho node_exporter, version ${versions.get('node_exporter')}\n`, { mode: 0o755 });
  const both = await runParts('--only=opensearch,node_exporter');
  expect(both.status).toBe(0);
  expect(both.stdout).toContain(
    `opensearch ${versions.get('opensearch')}: skipped, only tests need it; javac is not on PATH`,
  );
  const alone = await runParts('--only=opensearch');
  expect(alone.status).toBe(1);
  expect(alone.stderr).toMatch(/^parts: javac is not on PATH .* install a JDK 17 or newer and Maven/m);
});
