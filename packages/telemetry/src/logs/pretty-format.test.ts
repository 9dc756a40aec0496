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

test('only a terminal gets colours', async () => {
  const line = '{"level":"info","timestamp":"2026-11-22T20:04:05.123+00:00","service":"shop","msg":"started"}\n';
  const colour = '\u001b[';
  expect((await loadPrettyFormat('pretty', false))?.(line)).not.toContain(colour);
  expect((await loadPrettyFormat('auto', true))?.(line)).toContain(colour);
});

test('service, process and number are left out', async () => {
  const line =
    '{"level":"info","service":"shop","service.instance.id":"one","msg":"started","vm":{"id":7},"log.seq":12}\n';
  const text = (await loadPrettyFormat('pretty', false))?.(line);
  expect(text).not.toMatch(/shop|one|12/);
  expect(text).toMatch(/started[\s\S]*7/);
});
