import { expect, test } from 'vitest';
import { findFreeOffset } from './free-offset.ts';

const usual = [8080, 8081, 8090, 9090, 9464];
const free = async () => false;

test.for([
  ['a port of the first demo is not used again: 8090 + 1000 is 9090', usual, [], 2_000],
  ['the first free offset is taken', [8080, 8081], [], 1_000],
  ['an offset with one taken port is left out', [8080, 8081], [9081, 10_080], 3_000],
  ['ports end at 65535', [60_000], [61_000, 62_000, 63_000, 64_000, 65_000], undefined],
] as const)('%s', async ([, ports, taken, offset]) => {
  expect(await findFreeOffset(ports, async (port) => taken.some((one) => one === port))).toBe(offset);
});

test('without any free port there is no offset', async () => {
  expect(await findFreeOffset(usual, async () => true)).toBeUndefined();
  expect(await findFreeOffset([65_000], free)).toBeUndefined();
});
