import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigurationError } from './errors.ts';
import { createTokenCheck, readTokenFile } from './token.ts';

const token = 'a-token-of-27-characters-xy';
const right = `Bearer ${token}`;
const wrong = 'Bearer wrong';

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'token-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'token'), text);
  return join(folder, 'token');
}

test('the token is the content of the file without white space', async () => {
  expect(readTokenFile('TOKEN_FILE', await fileWith(`${token}\n`))).toBe(token);
  expect(readTokenFile('TOKEN_FILE', await fileWith('x'.repeat(16)))).toBe('x'.repeat(16));
  expect(readTokenFile('TOKEN_FILE', '')).toBeUndefined();
});

test.for([
  [' \n', 'is empty'],
  ['x', 'has 1 characters'],
  ['x'.repeat(15), 'has 15 characters'],
  ['sixteen and more characters', 'has other characters'],
  ['sechzehn-Zeichen-für-mich', 'has other characters'],
])('a file with %j is a configuration error', async ([text, reason]) => {
  const file = await fileWith(String(text));
  expect(() => readTokenFile('TOKEN_FILE', file)).toThrow(ConfigurationError);
  expect(() => readTokenFile('TOKEN_FILE', file)).toThrow(
    `TOKEN_FILE="${file}": allowed is the path of a file with a token of at least 16 printable ASCII characters without spaces, but this one ${reason}`,
  );
});

test('a missing file is a configuration error', () => {
  expect(() => readTokenFile('TOKEN_FILE', '/nowhere/token')).toThrow('cannot be read: ENOENT');
});

test.for([undefined, '', 'Bearer', token, `Basic ${token}`, `Bearer ${token}x`, `Bearer x ${token}`, wrong])(
  'the header %o is wrong',
  (header) => {
    expect(createTokenCheck(token)(header, {})).toBe('wrong');
  },
);

/** A check whose clock the test moves, and its verdicts. */
function checkWithClock() {
  let nowMs = 0;
  const check = createTokenCheck(token, () => nowMs);
  const address = { remoteAddress: '192.0.2.1' };
  const guess = (times: number, from = address) => Array.from({ length: times }, () => check(wrong, { ...from }));
  return { check, guess, address, pass: (ms: number) => (nowMs += ms) };
}

test('of 2,000 guesses at once ten are looked at, then one a second', () => {
  const { guess, check, address, pass } = checkWithClock();
  expect(guess(2_000).filter((verdict) => verdict === 'wrong')).toHaveLength(10);
  expect(check(right, { ...address })).toBe('throttled');
  pass(1_000);
  expect(check(right, { ...address })).toBe('accepted');
  expect(guess(100).filter((verdict) => verdict === 'wrong')).toHaveLength(1);
  pass(3_600_000);
  expect(guess(100).filter((verdict) => verdict === 'wrong')).toHaveLength(10);
});

test('guesses do not slow down other addresses, nor a connection that had the right token', () => {
  const { guess, check, address } = checkWithClock();
  const connection = { ...address };
  expect(check(right, connection)).toBe('accepted');
  guess(100);
  expect(check(right, connection)).toBe('accepted');
  expect(check(wrong, connection)).toBe('wrong');
  expect(check(right, { remoteAddress: '192.0.2.2' })).toBe('accepted');
});

test('right tokens and requests without one are never guesses', () => {
  const { check, address } = checkWithClock();
  for (let number = 0; number < 100; number += 1) {
    expect(check(right, { ...address })).toBe('accepted');
    expect(check(undefined, { ...address })).toBe('wrong');
  }
});
