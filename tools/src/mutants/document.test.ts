import { expect, test } from 'vitest';
import { writeMutantDocument } from './document.ts';
import { goal } from './groups.ts';

test('a group that has been recorded has a row, and each of its survivors a line', () => {
  const place = { file: 'packages/telemetry/src/traces/sdk.ts', line: 81, mutator: 'ConditionalExpression' };
  const survivors = [
    { ...place, was: 'sdk !== undefined', becomes: 'true' },
    { ...place, line: 9, was: '`a`', becomes: '``', isUnreached: true as const },
  ];
  const page = writeMutantDocument({ traces: { mutants: 400, tried: 200, noticed: 198, seconds: 60, survivors } });
  expect(page).toContain('| traces | 400 | 200 | 198 | 99.0 % | 60 |');
  expect(page).toContain('- traces/sdk.ts:81 `sdk !== undefined` -> `true`\n');
  expect(page).toContain("- traces/sdk.ts:9 `'a'` -> `''`, no test covers it\n");
  expect(page).not.toContain('| ledger |');
});

test('survivors stand under the reason that they have, with their number', () => {
  const place = { file: 'packages/telemetry/src/traces/sdk.ts', mutator: 'ConditionalExpression' };
  const survivors = [
    { ...place, line: 82, was: 'ownsPropagation', becomes: 'true' },
    { ...place, line: 83, was: 'ownsContext', becomes: 'true' },
    { ...place, file: 'packages/telemetry/src/traces/new.ts', line: 1, was: 'a', becomes: 'true' },
  ];
  const page = writeMutantDocument({ traces: { mutants: 4, tried: 4, noticed: 1, seconds: 60, survivors } });
  expect(page).toContain(
    'Unregistering what was never registered does nothing. (2)\n\n- traces/sdk.ts:82 `ownsPropagation` -> `true`\n',
  );
  expect(page).toContain('Not looked at yet. (1)\n\n- traces/new.ts:1 `a` -> `true`\n');
});

test('a group below the goal is marked, one that reaches it is not', () => {
  const score = { mutants: 100, tried: 100, seconds: 60, survivors: [] };
  const page = writeMutantDocument({
    traces: { ...score, noticed: goal * 100 },
    ledger: { ...score, noticed: goal * 100 - 1 },
  });
  expect(page).toContain('| traces | 100 | 100 | 85 | 85.0 % | 60 |');
  expect(page).toContain('| ledger | 100 | 100 | 84 | 84.0 % (below the goal) | 60 |');
});
