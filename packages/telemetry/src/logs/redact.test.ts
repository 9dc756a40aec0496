import { expect, test } from 'vitest';
import { redactLine } from './redact.ts';

function redact(fields: object): Record<string, unknown> {
  return JSON.parse(redactLine(`${JSON.stringify(fields)}\n`));
}

const hidden = '[redacted]';

test.for([
  'authorization',
  'Proxy-Authorization',
  'cookie',
  'Set-Cookie',
  'x-api-key',
  'X-Auth-Token',
  'token',
  'accessToken',
  'refresh_token',
  'password',
  'DB_PASSWORD',
  'passwd',
  'client_secret',
  'privateKey',
  'credentials',
  'jwt',
])('%s is redacted at any depth', (name) => {
  const deep = { a: { b: [{ c: { d: { [name]: 'hunter2', id: 7 } } }] } };
  expect(redact({ [name]: 'hunter2', ...deep })).toEqual({
    [name]: hidden,
    a: { b: [{ c: { d: { [name]: hidden, id: 7 } } }] },
  });
});

test('lists and objects under such a name are redacted whole', () => {
  expect(redact({ 'set-cookie': ['a=1', 'b=2'], credentials: { user: 'eve', pin: 1 }, token: 123 })).toEqual({
    'set-cookie': hidden,
    credentials: hidden,
    token: hidden,
  });
});

test('names that only resemble secrets stay', () => {
  const fields = {
    prompt_tokens: 12,
    has_token: true,
    token: null,
    password: '',
    token_count: 3,
    idempotency_key: 'a-1',
    secretary: 'Ann',
    key: 'vm-1',
    msg: 'basic authentication passed; unexpected token } in line 3, code=not_found',
  };
  expect(redact(fields)).toEqual(fields);
});

test.for([
  ['GET /vms?token=abc&page=2', 'GET /vms?token=[redacted]&page=2'],
  ['/cb?code=4/0Ab&state=x', '/cb?code=[redacted]&state=x'],
  ['https://host/x?X-Amz-Signature=ff00&key=AIza1#top', 'https://host/x?X-Amz-Signature=[redacted]&key=[redacted]#top'],
  ['postgres://eve:hunter2@db:5432/shop', 'postgres://[redacted]@db:5432/shop'],
  ['grant_type=password&client_secret=hunter2', 'grant_type=password&client_secret=[redacted]'],
  ['login failed, password=hunter2, user=eve', 'login failed, password=[redacted], user=eve'],
  ['sent Bearer eyJhbGciOi.J9.xyz', 'sent Bearer [redacted]'],
  ['sent Basic ZXZlOmh1bnRlcjI=', 'sent Basic [redacted]'],
  ['got eyJhbGciOi.eyJzdWIi.c2ln back', 'got [redacted] back'],
  ['{"user":"eve","password": "hunt\\"er2"}', '{"user":"eve","password": "[redacted]"}'],
  ['GET / HTTP/1.1\r\nHost: x\r\nCookie: a=1; b=2\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nCookie: [redacted]\r\n\r\n'],
] as const)('the text "%s" becomes "%s"', ([text, expected]) => {
  expect(redact({ msg: text, err: { message: text, stack: `Error: ${text}` } })).toMatchObject({
    msg: expected,
    err: { message: expected },
  });
  expect(JSON.stringify(redact({ err: { stack: `Error: ${text}` } }))).not.toMatch(/hunter2|abc|4\/0Ab|ff00|AIza1/);
});

test('an axios error keeps no secret of its headers, body and raw request', () => {
  const headers = { Authorization: 'Bearer hunter2', 'X-Api-Key': 'hunter2', Accept: '*/*' };
  const err = {
    config: { url: '/pay?api_key=hunter2', headers, data: '{"password":"hunter2"}', auth: { password: 'hunter2' } },
    request: { _header: 'POST /pay HTTP/1.1\r\nAuthorization: Basic aHVudGVyMjpodW50ZXIy\r\n' },
    response: { headers: { 'set-cookie': ['session=hunter2'] } },
  };
  const redactedError = redact({ err });
  expect(JSON.stringify(redactedError)).not.toMatch(/hunter2|aHVudGVy/);
  expect(redactedError).toMatchObject({ err: { config: { headers: { Accept: '*/*' } } } });
});

test('headers in a list of names and values, as in undici, are redacted', () => {
  expect(redact({ headers: ['Host', 'x', 'Authorization', 'hunter2', 'Accept', '*/*'] })).toEqual({
    headers: ['Host', 'x', 'Authorization', hidden, 'Accept', '*/*'],
  });
  expect(redact({ headers: [['cookie', 'a=1']] })).toEqual({ headers: [['cookie', hidden]] });
});

test('a line without a secret is unchanged', () => {
  const line = '{"level":"info",  "bytes":12345678901234567890,"msg":"batch sent"}\n';
  expect(redactLine(line)).toBe(line);
});

test('a count beyond 2^53 keeps its digits beside a secret', () => {
  expect(redactLine('{"bytes":12345678901234567890,"token":"hunter2"}\n')).toBe(
    '{"bytes":"12345678901234567890","token":"[redacted]"}\n',
  );
});

test('a line that is not JSON is redacted as text', () => {
  expect(redactLine('GET /?token=hunter2 HTTP/1.1\n')).toBe('GET /?token=[redacted] HTTP/1.1\n');
});

test.for(['a', 'token', '"token":"', 'eyJ-', 'a.', '=', 'Bearer ', '://', '\n'])(
  'a million characters of "%s" are searched in linear time',
  (piece) => {
    const msg = `token ${piece.repeat(1_000_000 / piece.length)}`;
    expect(redact({ msg })).toHaveProperty('msg');
  },
);

test('the front of a line is not searched and is redacted if the rest has a secret', () => {
  const front = '{"service":"token-service"';
  const harmless = `${front},"msg":"ready"}\n`;
  expect(redactLine(harmless, front.length)).toBe(harmless);
  expect(redactLine(`${front},"token":"hunter2"}\n`, front.length)).toBe(`${front},"token":"[redacted]"}\n`);
});
