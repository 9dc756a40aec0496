import { expect, test } from 'vitest';
import { createRowIndex } from './row-index.ts';
import { createRandom } from './testing.ts';

/** An index over a list of names, with a hash under which many of them collide. */
function indexOf(names: string[], hashOf: (name: string) => number) {
  const index = createRowIndex((position) => hashOf(names[position] ?? ''));
  return {
    find: (name: string) => index.find(hashOf(name), (position) => names[position] === name),
    add(name: string) {
      index.add(hashOf(name), names.length);
      names.push(name);
    },
    /** As a table removes a row: the last one takes its place. */
    remove(name: string) {
      const position = names.indexOf(name);
      index.remove(hashOf(name), position);
      const last = names.pop() ?? '';
      if (last === name) return;
      index.move(hashOf(last), names.length, position);
      names[position] = last;
    },
    clear() {
      index.clear();
      names.length = 0;
    },
  };
}

const hashes: [string, (name: string) => number][] = [
  ['one hash for all', () => 5],
  ['places at the end of the table, so that searches go round it', (name) => 62 + (Number(name) % 3)],
  ['negative hashes', (name) => -Number(name)],
  ['hashes that are spread', (name) => Math.imul(Number(name), 0x9e3779b1)],
];

test.each(hashes)('what is in it is found, and nothing else: %s', (_what, hashOf) => {
  const names: string[] = [];
  const index = indexOf(names, hashOf);
  const random = createRandom(1);
  for (let step = 0; step < 3_000; step += 1) {
    const name = String(Math.floor(random() * 200));
    if (names.includes(name)) index.remove(name);
    else index.add(name);
    if (step % 100 === 0)
      for (let all = 0; all < 200; all += 1) expect(index.find(`${all}`)).toBe(names.indexOf(`${all}`));
  }
});

test('a cleared index finds nothing', () => {
  const index = indexOf([], Number);
  for (let name = 0; name < 100; name += 1) index.add(`${name}`);
  index.clear();
  expect(index.find('7')).toBe(-1);
  index.add('7');
  expect(index.find('7')).toBe(0);
});

test('a missing row is an error, not an endless search', () => {
  const index = createRowIndex(() => 1);
  index.add(1, 0);
  expect(() => index.move(1, 3, 2)).toThrow('the index has lost row 3');
});
