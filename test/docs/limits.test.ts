import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const docs = join(import.meta.dirname, '../../docs');

/** The rows of the tables: a default, the file and the name of the limit in the code. */
const rows = Array.from(
  readFileSync(join(docs, 'limits.md'), 'utf8').matchAll(
    /^\| ([^|]+) \| ([^|]+) \|.*\| \[[^\]]+\]\(([^)]+)\) `(\w+)` \|$/gm,
  ),
  ([, limit = '', value = '', path = '', name = '']) => ({ limit, value, path, name }),
);

/** In bytes and milliseconds, as the code has them. */
const units: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, ms: 1, s: 1_000, min: 60_000 };

function numberOf(value: string): number {
  const [digits = '', unit] = value.split(' ');
  return Number(digits) * (unit === undefined ? 1 : (units[unit] ?? Number.NaN));
}

/** Computes a number as the code writes it: `64 * 1024 ** 2`. */
function compute(expression: string): number {
  const factors = expression.replaceAll('_', '').split(/(?<!\*)\*(?!\*)/);
  return factors.reduce((product, factor) => {
    const [base = '', exponent = '1'] = factor.split('**');
    return product * Number(base) ** Number(exponent);
  }, 1);
}

/** The value of a constant, of a property, or the default of a setting. */
function valueInCode(path: string, name: string): number {
  const code = readFileSync(join(docs, path), 'utf8');
  const [, setting] = new RegExp(`\\b${name}: setting\\(\\{.*?\\bdefault: ([\\d_ *]+),`, 's').exec(code) ?? [];
  const [, value] = new RegExp(`\\b${name}(?::| =) ([\\d_][\\d_ *]*)`).exec(code) ?? [];
  return compute(setting ?? value ?? 'absent');
}

test('the page has a row for each limit', () => {
  const lines = readFileSync(join(docs, 'limits.md'), 'utf8').split('\n');
  const tables = lines.filter((line) => line.startsWith('| ') && !line.startsWith('| limit of'));
  expect(rows).toHaveLength(tables.length);
});

test.for(rows)('$limit: $value', ({ value, path, name }) => {
  expect(valueInCode(path, name)).toBe(numberOf(value));
});

test.for(['billaged-sim', 'metald-sim'])('each setting of %s that is a maximum has a row', (service) => {
  const path = `../packages/${service}/src/config.ts`;
  const code = readFileSync(join(docs, path), 'utf8');
  const maxima = Array.from(code.matchAll(/^ +(max\w+): setting/gm), ([, name]) => name);
  const named = rows.filter((row) => row.path === path).map(({ name }) => name);
  expect(named.sort()).toEqual(maxima.sort());
});
