import { expect, test } from 'vitest';
import { loadPrettyFormat } from './pretty-format.ts';

test.for([
  ['json', true, false],
  ['json', false, false],
  ['auto', true, true],
  ['auto', false, false],
  ['pretty', true, true],
  ['pretty', false, true],
] as const)('%s with a terminal: %s is pretty: %s', async ([format, isTerminal, isPretty]) => {
  expect((await loadPrettyFormat(format, isTerminal)) !== undefined).toBe(isPretty);
});

test('colours are for a terminal alone', async () => {
  const line = '{"level":"info","timestamp":"2026-11-22T20:04:05.123+00:00","service":"shop","msg":"started"}\n';
  const colour = '\u001b[';
  expect((await loadPrettyFormat('pretty', false))?.(line)).not.toContain(colour);
  expect((await loadPrettyFormat('auto', true))?.(line)).toContain(colour);
});
