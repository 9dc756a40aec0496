import { expect, test } from 'vitest';
import { addCounters, counterNames, growthOf, mapCounters, zeroCounters } from './counters.ts';

/** Counters with a different value each. */
const distinct = mapCounters((name) => BigInt(counterNames.indexOf(name) + 1));

test('each counter is added to the same one', () => {
  expect(addCounters(distinct, distinct)).toEqual(mapCounters((name) => 2n * distinct[name]));
});

test('a counter has grown by the difference, or by all of its value after a reset', () => {
  const doubled = addCounters(distinct, distinct);
  expect(growthOf(distinct, doubled)).toEqual(distinct);
  for (const name of counterNames) {
    expect(growthOf(distinct, { ...doubled, [name]: distinct[name] - 1n })[name]).toBe(distinct[name] - 1n);
  }
});

test('without a sample before, every counter counts from zero', () => {
  expect(growthOf(undefined, distinct)).toEqual(distinct);
  expect(growthOf(zeroCounters, distinct)).toEqual(distinct);
});
