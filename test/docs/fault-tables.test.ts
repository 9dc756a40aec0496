import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type KnownFault, readKnownFaults } from '../support/known-faults.ts';

const { metald, billaged } = await readKnownFaults();
const common = new Set([...metald.keys()].filter((name) => billaged.has(name)));
const only = (faults: ReadonlyMap<string, KnownFault>) => [...faults.values()].filter(({ name }) => !common.has(name));

const tables = [
  ['faults', [...metald.values()].filter(({ name }) => common.has(name))],
  ['metald-sim', only(metald)],
  ['billaged-sim', only(billaged)],
] as const;

test.for(tables)('the README of %s has a row for each fault, and for no other', async ([folder, faults]) => {
  const rows = await readFaultTable(folder);
  expect([...rows.keys()].sort()).toEqual(faults.map(({ name }) => name).sort());
});

test.for(tables)('the README of %s gives the default size of each fault', async ([folder, faults]) => {
  const rows = await readFaultTable(folder);
  // A fault whose size is always 1 is a switch, and has no size in the table.
  const sized = faults.filter(({ schema: { properties } }) => properties.size.minimum < properties.size.maximum);
  expect(sized.filter(({ name, schema }) => firstNumber(rows.get(name)) !== schema.properties.size.default)).toEqual(
    [],
  );
});

/** The cell "size, default" of each fault in the table of a package's README. */
async function readFaultTable(folder: string): Promise<Map<string, string>> {
  const readme = await readFile(join(import.meta.dirname, '../../packages', folder, 'README.md'), 'utf8');
  const [, table] = /^\| fault \| size, default \|.*\n\|[-|]+\n((?:\|.*\n)+)/m.exec(readme) ?? [];
  if (table === undefined)
    throw new Error(`the README of ${folder} has no table that begins with "| fault | size, default |"`);
  return new Map(
    Array.from(table.matchAll(/^\| `([^`]+)` \|([^|]*)\|/gm), ([, name = '', size = '']) => [name, size.trim()]),
  );
}

function firstNumber(text = ''): number {
  return Number(/-?\d+(?:\.\d+)?/.exec(text)?.[0]);
}
