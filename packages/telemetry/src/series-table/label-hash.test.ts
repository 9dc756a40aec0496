import { expect, test } from 'vitest';
import { createLabelHash } from './label-hash.ts';

const ascending = (length: number) => Uint8Array.from({ length }, (_, index) => index);

test('it is HalfSipHash-1-3, for every remainder of a word', () => {
  const hash = createLabelHash([0x03020100, 0x07060504]);
  // Made with another implementation, one that gives the published vectors of HalfSipHash-2-4.
  expect(Array.from({ length: 9 }, (_, length) => hash(ascending(length)) >>> 0)).toEqual([
    1_477_757_078, 3_890_767_050, 3_159_035_440, 22_255_929, 2_114_297_510, 2_296_633_499, 2_684_881_765, 2_637_748_694,
    1_467_586_993,
  ]);
});

test('another key gives other hashes', () => {
  expect(createLabelHash([1, 2])(ascending(20))).not.toBe(createLabelHash([1, 3])(ascending(20)));
});
