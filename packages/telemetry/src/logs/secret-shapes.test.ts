import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogs } from './logger.ts';

/** In every secret, at its start and its end. */
const mark = 'S3cRt';

const marked = (middle: fc.Arbitrary<string>) => middle.map((text) => `${mark}${text}${mark}`);

const anySecret = marked(
  fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('a,b', 'a b', '"', "'", '\\', '\\"', '\n', '}', ']')),
);
const wordSecret = marked(fc.stringMatching(/^[\w.~+/:@!-]{0,12}$/));
const lineSecret = marked(fc.stringMatching(/^[\w .~+/:@!;=,-]{0,12}$/));
const number = fc.bigInt({ min: 1n, max: 9n }).map((digit) => `${digit}`);

const names = fc.oneof(
  fc.constantFrom(
    'password',
    'DB_PASSWORD',
    'client_secret',
    'accessToken',
    'x-api-key',
    'session',
    'sid',
    'connect.sid',
  ),
  fc.constantFrom(
    'NPM_AUTH',
    '_auth',
    'Authorization',
    'cookie',
    'Set-Cookie',
    'jwt',
    'credentials',
    'privateKey',
    'pwd',
  ),
);

const prose = fc.constantFrom(
  '',
  'login failed: ',
  'GET /x?page=2 ',
  'it said "',
  "it's ",
  '{',
  '[',
  '\\',
  '"token" and ',
  'a=b; ',
  '\n',
);

/** What a secret may stand in, as text. */
const texts: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(names, anySecret).map(([name, secret]) => JSON.stringify({ a: 1, [name]: secret, z: [2] })),
  fc
    .tuple(names, anySecret)
    .map(([name, secret]) => JSON.stringify({ [name]: [secret, { inner: secret }], z: 1 }, null, 2)),
  fc.tuple(names, anySecret).map(([name, secret]) => JSON.stringify({ headers: ['Host', 'x', name, secret] })),
  fc.tuple(names, anySecret).map(([name, secret]) => `${name}=${JSON.stringify(secret)}`),
  fc.tuple(names, anySecret).map(([name, secret]) => inspect({ a: 1, [name]: secret, list: [{ [name]: secret }] })),
  fc.tuple(names, wordSecret).map(([name, secret]) => `${name}=${secret}`),
  fc.tuple(names, wordSecret).map(([name, secret]) => `${name} = ${secret}, user=eve`),
  fc.tuple(names, wordSecret).map(([name, secret]) => `--${name} ${secret} -v`),
  fc.tuple(names, wordSecret).map(([name, secret]) => `${name}: ${secret}`),
  fc.tuple(names, wordSecret).map(([name, secret]) => `<${name}>${secret}</${name}>`),
  fc.tuple(names, wordSecret).map(([name, secret]) => `/cb?a=1&${name}=${encodeURIComponent(secret)}&z=1`),
  lineSecret.map((secret) => `Cookie: a=1; b=${secret}; c=${secret}`),
  lineSecret.map((secret) => `POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Custom ${secret}\r\n\r\n`),
  fc
    .array(wordSecret, { minLength: 1, maxLength: 4 })
    .map((lines) => `-----BEGIN EC PRIVATE KEY-----\n${lines.join('\n')}`),
  number.map((digit) => `Bearer ${mark}${digit}${mark}`),
  number.map((digit) => `https://eve:${mark}${digit}@host/x`),
);

/** A text within other texts. */
const nested = fc
  .tuple(prose, texts, fc.integer({ min: 0, max: 3 }), fc.constantFrom('', ' and more', '\n'))
  .map(([before, text, times, after]) => {
    let inner = text;
    for (let time = 0; time < times; time++) inner = JSON.stringify({ body: before + inner, n: time });
    return `${before}${inner}${after}`;
  });

/** Fields with a secret. */
const fields: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.tuple(names, anySecret).map(([name, secret]) => ({ [name]: secret })),
  fc.tuple(names, anySecret).map(([name, secret]) => ({ a: { b: [{ [name]: { c: secret } }] } })),
  fc.tuple(names, anySecret).map(([name, secret]) => ({ headers: ['Host', 'x', name, secret] })),
  anySecret.map((secret) => ({ body: Buffer.from(secret), view: new TextEncoder().encode(secret) })),
  nested.map((text) => ({ text })),
  nested.map((text) => ({ [text]: 'as a name' })),
  nested.map((text) => ({ list: [{ err: new Error(text, { cause: new Error(text) }) }] })),
  fc.tuple(names, anySecret).map(([name, secret]) => ({ failure: Object.assign(new Error('no'), { [name]: secret }) })),
);

const long = process.env['SECRET_RUNS'];

const ways = ['fields', 'child', 'message', 'placeholder', 'error'] as const;

test('a secret in any of these shapes never leaves, and every line stays valid JSON', () => {
  const output: string[] = [];
  const { logger } = createLogs({ service: 'shop', output: { write: (line) => void output.push(line) } });
  fc.assert(
    fc.property(fc.constantFrom(...ways), fields, nested, (way, given, text) => {
      output.splice(0);
      if (way === 'fields') logger.info(given, 'text');
      else if (way === 'child') logger.child(given).info('text');
      else if (way === 'message') logger.info(text);
      else if (way === 'placeholder') logger.info('said %s and %o', text, { text });
      else logger.error(new Error(text, { cause: text }));
      expect(output).toHaveLength(1);
      const line = output[0] ?? '';
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), service: 'shop', msg: expect.any(String) });
      expect(line).not.toContain(mark);
      // Nor as the numbers of its bytes.
      expect(line).not.toContain([...Buffer.from(mark)].join());
    }),
    // The short form always tries the same shapes; a longer one draws others each time.
    long === undefined ? { numRuns: 500, seed: 1 } : { numRuns: Number(long) },
  );
});
