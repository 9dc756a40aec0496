import { describe, expect, test } from 'vitest';
import { createRandom } from './testing.ts';
import { slotWidth, writeSlot } from './value-slot.ts';

const margin = 20;
const bytes = Buffer.alloc(slotWidth + 2 * margin);
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** What is in the slot; nothing if the value does not fit. The bytes around it must be as they were. */
function written(value: number): string | undefined {
  bytes.fill('x');
  const fits = writeSlot(view, margin, value);
  expect(bytes.toString('latin1', 0, margin) + bytes.toString('latin1', margin + slotWidth)).toBe(
    'x'.repeat(2 * margin),
  );
  return fits ? bytes.toString('latin1', margin, margin + slotWidth) : undefined;
}

test.each([
  [0, '0.0000000000000000'],
  [-0, '0.0000000000000000'],
  [1, '1.0000000000000000'],
  [-1, '-1.000000000000000'],
  [12.5, '12.500000000000000'],
  [0.1, '0.1000000000000000'],
  [-0.1, '-0.100000000000000'],
  [1 / 3, '0.3333333333333330'],
  [123_456.789, '123456.78900000000'],
  [123_456_789.123, '123456789.12300000'],
  [-123_456_789.123_456, '-123456789.1234560'],
  [1_732_312_345.678, '1732312345.6780000'],
  [2 ** 53, '9007199254740992.0'],
  [-999_999_999_999_999, '-999999999999999.0'],
  [1e18, '1.000000000000e+18'],
  [1_099_511_627_776_000_000, '1.099511627776e+18'],
  [-1e18, '-1.00000000000e+18'],
  [1e-12, '1.000000000000e-12'],
  [-2.345_678_901_23e-7, '-2.34567890123e-07'],
  [1e-4, '0.0001000000000000'],
  [9.9999e-5, '9.999900000000e-05'],
  [9.9e98, '9.900000000000e+98'],
  [1e-98, '1.000000000000e-98'],
])('%s is written as %s', (value, text) => {
  expect(written(value)).toBe(text);
});

test('each power of ten and the number before it have their digits', () => {
  for (let digits = 1; digits <= 15; digits += 1) {
    for (const value of [10 ** digits, 10 ** digits - 1]) {
      const plain = `${value}.`;
      expect(written(value)).toBe(plain.padEnd(slotWidth, '0'));
    }
  }
});

describe('a number of nines is rounded up to the next digit', () => {
  test.each([
    [0.999_999_999_999_999_9, '1.0000000000000000'],
    [9.999_999_999_999_998, '10.000000000000000'],
    [99_999_999.999_999_99, '100000000.00000000'],
    [999_999_999.999_999_9, '1000000000.0000000'],
    [999_999_999_999_999.9, '1000000000000000.0'],
    [9.999_999_999_999_99e20, '1.000000000000e+21'],
    [9.999_999_999_999_99e-5, '1.000000000000e-04'],
  ])('%s', (value, text) => {
    expect(written(value)).toBe(text);
  });
});

test.each([
  Number.NaN,
  Infinity,
  -Infinity,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  Number.MIN_VALUE,
  1e99,
  -1e-99,
  -(2 ** 53),
  -1e15,
])('%s does not fit', (value) => {
  expect(written(value)).toBeUndefined();
});

describe('the value that is read back', () => {
  const count = 50_000;
  const random = createRandom(7);
  const sign = () => (random() < 0.5 ? -1 : 1);

  function worstError(draw: () => number): number {
    let worst = 0;
    for (let run = 0; run < count; run += 1) {
      const value = draw();
      const text = written(value);
      if (text === undefined || !/^-?\d+\.\d+(e[+-]\d\d)?$/.test(text)) throw new Error(`${value}: ${text}`);
      worst = Math.max(worst, value === 0 ? Math.abs(Number(text)) : Math.abs(Number(text) / value - 1));
    }
    return worst;
  }

  test('is the same integer up to 2^53', () => {
    expect(worstError(() => Math.floor((random() + random() / 2 ** 32) * 2 ** (random() * 53)))).toBe(0);
  });

  test('is the same negative integer of up to 15 digits', () => {
    expect(worstError(() => -Math.floor((random() + random() / 2 ** 32) * 10 ** (random() * 15)))).toBe(0);
  });

  test('is the same decimal fraction of up to 12 digits', () => {
    expect(worstError(() => (sign() * Math.round(random() * 1e12)) / 10 ** Math.floor(random() * 12))).toBe(0);
  });

  test('differs by less than 1e-11 of it from 1e-98 to 1e98', () => {
    const worst = worstError(() => {
      const value = (1 + random()) * 10 ** (random() * 195.5 - 98);
      return value > 1e15 && value < 2 ** 53 ? value : sign() * value;
    });
    expect(worst).toBeLessThan(1e-11);
    expect(worst).toBeGreaterThan(0);
  });
});
