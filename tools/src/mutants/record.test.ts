import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scoreOf, survivorsOf } from './record.ts';
import type { TriedMutant } from './run-mutants.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vmobs-mutants-'));
  await writeFile(join(root, 'b.ts'), 'first();\nconst is = one && other;\nif (is) {\n  act();\n  end();\n}\n');
  await writeFile(join(root, 'a.ts'), `call(${'x'.repeat(101)});\n`);
});
afterEach(() => rm(root, { recursive: true }));

type Place = readonly [line: number, column: number];

/** A mutant of one of the two files. Its code ends before the column `end`; lines and columns count from 1. */
function mutant(file: string, start: Place, end: Place, status: TriedMutant['status'], replacement: string) {
  const place = ([line, column]: Place) => ({ line, column });
  const location = { start: place(start), end: place(end) };
  // A run tells more of a mutant, which nothing reads.
  return { fileName: join(root, file), location, mutatorName: 'Planted', status, replacement } as TriedMutant;
}

const oneLine = (status: TriedMutant['status']) => mutant('b.ts', [2, 12], [2, 24], status, 'one || other');
const severalLines = (status: TriedMutant['status']) => mutant('b.ts', [3, 9], [6, 2], status, '{}');
const long = (status: TriedMutant['status']) => mutant('a.ts', [1, 6], [1, 107], status, '');

test('a mutant is killed when a test fails or hangs, and only then', () => {
  const mutants = (['Killed', 'Timeout', 'Survived', 'NoCoverage'] as const).map(oneLine);
  expect(scoreOf(mutants)).toEqual({ tried: 4, noticed: 2 });
});

test('survivors are listed with their code, in the order of the sources', async () => {
  const mutants = [severalLines('NoCoverage'), oneLine('Survived'), long('Survived')];
  expect(await survivorsOf(mutants, root)).toEqual([
    { file: 'a.ts', line: 1, mutator: 'Planted', was: `${'x'.repeat(100)}...`, becomes: '' },
    { file: 'b.ts', line: 2, mutator: 'Planted', was: 'one && other', becomes: 'one || other' },
    { file: 'b.ts', line: 3, mutator: 'Planted', was: '{ act(); end(); }', becomes: '{}', isUnreached: true },
  ]);
});

test('a killed mutant is not a survivor', async () => {
  expect(await survivorsOf([oneLine('Killed'), severalLines('Timeout')], root)).toEqual([]);
});
