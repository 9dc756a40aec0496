import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPart } from '@vmobs/lab/parts';
import { recipes } from '@vmobs/lab/recipes';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readGoModules, readRecord } from './licence-record.ts';
import { judge } from './policy.ts';
import { recordLicences } from './record-licences.ts';

const repository = join(import.meta.dirname, '../../..');

/** The modules that a program says that it is made of, apart from one that was built from a copy. */
async function modulesIn(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('go', ['version', '-m', program]);
  const modules: string[] = [];
  for (const line of stdout.split('\n')) {
    const [, kind, path, version] = line.split('\t');
    if (kind === '=>') modules.pop();
    if (kind === 'dep' || (kind === '=>' && version !== '(devel)')) modules.push(`${path}@${version}`);
  }
  return modules;
}

const goRecipes = recipes.filter((recipe) => 'module' in recipe);

describe.each(goRecipes.flatMap(({ name, programs }) => programs.map((program) => [program.name, name] as const)))(
  '%s',
  (program, part) => {
    test('has no module that the record of its part lacks', async (context) => {
      const found = await findPart(program);
      if (found === undefined) throw new Error(`${program} is not built; build it with: npx -y pnpm@12 parts`);
      context.skip(found.from === 'path', 'others have built the one on PATH');
      const { programs } = await readRecord(repository);
      const known = new Set(Object.keys(programs[`parts/${part}`]?.modules ?? {}));
      const linked = await modulesIn(found.path);
      expect(linked.length).toBeGreaterThan(0);
      expect(linked.filter((module) => !known.has(module))).toEqual([]);
    });
  },
);

describe('a planted program', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'vmobs-licences-'));
    await mkdir(join(root, 'parts'));
    await write('program/go.mod', 'module example.com/program', [
      'require (\n\texample.com/linked v0.0.0\n\texample.com/left v0.0.0\n)',
      'replace (\n\texample.com/linked => ../linked\n\texample.com/left => ../left\n)',
    ]);
    await write('program/main.go', 'package main', ['import _ "example.com/linked/inner"', 'func main() {}']);
    await write('linked/go.mod', 'module example.com/linked');
    await write('linked/inner/inner.go', 'package inner');
    await write('left/go.mod', 'module example.com/left');
    await write('left/left.go', 'package left');
    await write('left/LICENSE', affero);
  });
  afterEach(() => rm(root, { recursive: true }));

  async function write(path: string, first: string, more: readonly string[] = []): Promise<void> {
    await mkdir(join(root, path, '..'), { recursive: true });
    await writeFile(join(root, path), `${[first, ...more].join('\n\n')}\n`);
  }

  /** What the policy says of the modules of the planted program alone. */
  async function judgePlanted(): Promise<string[]> {
    const ending = new AbortController();
    const only = ['program'];
    const quiet = { say: () => {}, onStep: () => {}, signal: ending.signal };
    await recordLicences(root, { ...quiet, only, isCheck: false, env: process.env });
    return judge(readGoModules(await readRecord(root)), []);
  }

  test('is refused for a linked module under the AGPL', async () => {
    await write('linked/LICENSE', affero);
    expect(await judgePlanted()).toEqual([
      expect.stringContaining('Go module example.com/linked folder of program is under AGPL-3.0-or-later'),
    ]);
  });

  test('is refused for a folder of its own under the AGPL in a module that is not', async () => {
    await write('linked/LICENSE', isc);
    await write('linked/inner/COPYING', affero);
    expect(await judgePlanted()).toEqual([expect.stringContaining('is under AGPL-3.0-or-later AND ISC')]);
  });

  test('is refused for a linked module without a licence, or with one that nobody knows', async () => {
    expect(await judgePlanted()).toEqual([expect.stringContaining('LicenseRef-unknown')]);
    await write('linked/LICENSE', 'You may use this on Sundays. Ask us first on any other day, and on holidays.');
    expect(await judgePlanted()).toEqual([expect.stringContaining('LicenseRef-unknown')]);
  });

  test('is not refused for a module that it requires and does not link', async () => {
    await write('linked/LICENSE', isc);
    expect(await judgePlanted()).toEqual([]);
  });
});

/** The notice that files under the licence carry. */
const affero = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU Affero
General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your
option) any later version.

This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the GNU Affero General Public License for more
details.`;

const isc = `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby
granted, provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.`;
