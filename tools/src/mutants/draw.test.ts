import { expect, test } from 'vitest';
import { isDrawn, type MutantPlace } from './draw.ts';

const mutants: readonly MutantPlace[] = Array.from({ length: 10_000 }, (_, index) => ({
  fileName: `/srv/vmobs/packages/a/src/file-${index % 7}.ts`,
  location: { start: { line: index, column: 4 }, end: { line: index, column: 9 } },
  mutatorName: 'BooleanLiteral',
  replacement: 'false',
}));

const draw = (seed: number, share: number) => mutants.filter((mutant) => isDrawn(mutant, { seed, share }));

test('a sample has about its share of the mutants', () => {
  expect(draw(1, 0)).toEqual([]);
  expect(draw(1, 1)).toEqual(mutants);
  // Five standard deviations: the draws depend on nothing but what is here, so this holds or it does not.
  expect(Math.abs(draw(1, 0.1).length - 1_000)).toBeLessThan(150);
});

test('a seed draws the same mutants in any folder, and another seed draws others', () => {
  const elsewhere = mutants.map((mutant) => ({ ...mutant, fileName: mutant.fileName.replace('/srv/', '/home/me/') }));
  const indexes = (places: readonly MutantPlace[], seed: number) =>
    places.flatMap((place, index) => (isDrawn(place, { seed, share: 0.1 }) ? [index] : []));
  expect(indexes(elsewhere, 1)).toEqual(indexes(mutants, 1));
  expect(indexes(mutants, 2)).not.toEqual(indexes(mutants, 1));
});

test('a larger sample of the same seed has all of a smaller one', () => {
  const larger = new Set(draw(3, 0.2));
  expect(draw(3, 0.1).filter((mutant) => !larger.has(mutant))).toEqual([]);
});

test('mutants at the same place are drawn each by itself', () => {
  const replaced = mutants.map((mutant) => ({ ...mutant, replacement: 'true' }));
  const sample = { seed: 1, share: 0.5 };
  const both = mutants.filter((mutant, index) => isDrawn(mutant, sample) && isDrawn(replaced[index] ?? mutant, sample));
  expect(Math.abs(both.length - 2_500)).toBeLessThan(250);
});
