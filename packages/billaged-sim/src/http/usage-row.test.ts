import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvLine } from './usage-row.ts';

/** What a spreadsheet has in the cells of a line. */
function cellsOf(line: string): string[] {
  return [...`,${line.replace(/\r\n$/, '')}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
  );
}

test.for([
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@x', "'@x"],
  ['\tx', "'\tx"],
  ['\r=1', '"\'\r=1"'],
  ['\n=1', '"\'\n=1"'],
  ['=cmd("a,b")', '"\'=cmd(""a,b"")"'],
  ['\uff1d1+1', "'\uff1d1+1"],
  ["'=1", "''=1"],
  ['', ''],
  ['a=1', 'a=1'],
  ['acme-1', 'acme-1'],
  [7, '7'],
  [false, 'false'],
] as const)('the field %j is written as %j', ([field, written]) => {
  expect(csvLine([field])).toBe(`${written}\r\n`);
  expect(csvLine(['a', field, 'b'])).toBe(`a,${written},b\r\n`);
});

test('no cell is a formula, and different fields stay different', () => {
  const piece = fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', "'", '"', ',', 'a', '1');
  const texts = fc.array(fc.oneof(fc.string(), fc.string({ unit: piece, maxLength: 4 })), {
    minLength: 1,
    maxLength: 5,
  });
  fc.assert(
    fc.property(texts, (fields) => {
      const cells = cellsOf(csvLine(fields));
      for (const cell of cells) expect(cell).not.toMatch(/^[=+\-@\t\r\n]/);
      expect(cells.map((cell) => (/^'/.test(cell) ? cell.slice(1) : cell))).toEqual(fields);
    }),
  );
});
