import { expect, test } from 'vitest';
import { throttleErrors } from './throttled-errors.ts';

/** Throttled errors on a clock of the test, and the lines: message and repetitions. */
function open() {
  const clock = { ms: 0 };
  const lines: unknown[] = [];
  const error = (...[fields, message]: unknown[]) => void lines.push([message, fields]);
  const report = throttleErrors({ error }, () => clock.ms);
  return { clock, lines, report: (message: string) => report(new Error(message)) };
}

test('an error that comes at any rate is one line a minute, which counts the others', () => {
  const { clock, lines, report } = open();
  for (let index = 1; index <= 9_549; index += 1) report(`the source did not answer within ${index / 1e9} s`);
  expect(lines).toHaveLength(1);
  clock.ms = 60_000;
  report('the source did not answer within 0.00045 s');
  expect(lines).toMatchObject([
    ['the source did not answer within 1e-9 s', {}],
    ['the source did not answer within 0.00045 s', { repeated: 9_548 }],
  ]);
});

test('different errors have a line each', () => {
  const { lines, report } = open();
  for (const message of ['metric a is left out', 'metric b is left out', 'metric a is left out']) report(message);
  expect(lines).toMatchObject([
    ['metric a is left out', {}],
    ['metric b is left out', {}],
  ]);
});

test('any number of different errors takes bounded memory', () => {
  const { lines, report } = open();
  const word = (index: number) => index.toString(26).replaceAll(/\d/g, (digit) => 'qrstuvwxyz'[Number(digit)] ?? '');
  for (let index = 0; index < 200; index += 1) report(`no ${word(index)}`);
  report(`no ${word(199)}`);
  const before = lines.length;
  report(`no ${word(0)}`);
  expect(lines.length - before).toBe(1);
});
