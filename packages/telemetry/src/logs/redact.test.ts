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

test.for([
  ['quoted with a comma', 'login with password="hunter,hunter2" failed', 'login with password="[redacted]" failed'],
  ['in single marks', "password='hunter, hunter2' user=eve", "password='[redacted]' user=eve"],
  ['with a mark inside', String.raw`token="hun\"hunter2" x=1`, 'token="[redacted]" x=1'],
  ['with a comma and no marks', 'password=hunter,hunter2 user=eve', 'password=[redacted] user=eve'],
  ['with blanks around the sign', "DB_PASSWORD = 'hunter2'", "DB_PASSWORD = '[redacted]'"],
  [
    'of an environment',
    'NPM_AUTH=hunter2 PGPASS=x SMTP_PASS=hunter2',
    'NPM_AUTH=[redacted] PGPASS=x SMTP_PASS=[redacted]',
  ],
  ['in JSON with blanks', 'body {"user": "eve", "pwd": "hunter2"}', 'body {"user": "eve", "pwd": "[redacted]"}'],
  ['in a list', '{"cookies": ["a=hunter2", "b=]hunter2"], "n": 1}', '{"cookies": [redacted], "n": 1}'],
  ['in an object', '{"credentials":{"a":["}hunter2"]},"n":1}', '{"credentials":[redacted],"n":1}'],
  ['that is a number', '{"token":48151623,"prompt_tokens":12}', '{"token":[redacted],"prompt_tokens":12}'],
  ['in cut JSON', 'body {"user":"eve","password":"hunter2', 'body {"user":"eve","password":"[redacted]'],
  ['in inspected text in JSON', String.raw`{"t":"{ pwd: 'a\\'hunter2' }"}`, `{"t":"{ pwd: '[redacted]' }"}`],
  [
    'as inspected',
    "{ password: 'hunter2', retries: 3, secret: null }",
    "{ password: '[redacted]', retries: 3, secret: null }",
  ],
  ['in a list of headers', '["Host","x","Authorization","hunter2"]', '["Host","x","Authorization","[redacted]"]'],
  ['in YAML', 'auth:\n  user: eve\n  password: hunter2', 'auth:\n  user: eve\n  password: [redacted]'],
  ['in a sentence', 'sent token: hunter2 to x', 'sent token: [redacted] to x'],
  ['of a command', 'run --token hunter2 --password=hunter2 -v', 'run --token [redacted] --password=[redacted] -v'],
  ['in XML', '<a><Password n="1">hunter2</Password></a>', '<a><Password n="1">[redacted]</Password></a>'],
  ['in Ruby', '{:secret=>"hunter2", :id=>7}', '{:secret=>"[redacted]", :id=>7}'],
  ['in a fragment', 'https://x/cb#access_token=hunter2&state=1', 'https://x/cb#access_token=[redacted]&state=1'],
  ['in a cookie in mid-line', 'got Cookie: a=hunter2; sid=hunter2', 'got Cookie: [redacted]'],
  ['in a cookie of a command', "curl -H 'Cookie: a=hunter2; b=hunter2' x", "curl -H 'Cookie: [redacted]' x"],
  ['of a session', 'connect.sid=hunter2; PHPSESSID=hunter2', 'connect.sid=[redacted]; PHPSESSID=[redacted]'],
  ['of Digest', 'sent authorization: Digest a="x", response="hunter2"', 'sent authorization: [redacted]'],
  [
    'of a private key',
    'pem -----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY----- x',
    'pem [redacted] x',
  ],
  ['of a cut private key', 'pem -----BEGIN PRIVATE KEY-----\nhunter2\nhunter2', 'pem [redacted]'],
  [
    'of an SSH key',
    '-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n',
    '[redacted]\n',
  ],
] as const)('a secret %s is found in text', ([, text, expected]) => {
  expect(redact({ msg: text })['msg']).toBe(expected);
  expect(redact({ [text]: true })).toEqual({ [expected]: true });
});

test('JSON in JSON in a text keeps no secret and can still be parsed', () => {
  const inner = JSON.stringify({ user: 'eve', password: 'a,"b\\\\"hunter2', token: 'hunter2\\', note: 'kept' });
  const outer = JSON.stringify({ body: inner, again: JSON.stringify({ inner }) });
  const { msg } = redact({ msg: outer });
  const parsed = JSON.parse(String(msg));
  const expected = { user: 'eve', password: hidden, token: hidden, note: 'kept' };
  expect(JSON.parse(parsed.body)).toEqual(expected);
  expect(JSON.parse(JSON.parse(parsed.again).inner)).toEqual(expected);
});

test.for([
  'session',
  'sid',
  'connect.sid',
  'NPM_AUTH',
  '_auth',
  'npmAuth',
  'sessionId',
  'JSESSIONID',
  'db_pass',
  'userSid',
])('the field %s is redacted', (name) => {
  expect(redact({ a: { [name]: 'hunter2' } })).toEqual({ a: { [name]: hidden } });
});

test('names that only end like short ones stay', () => {
  const fields = {
    outside: 'a',
    bypass: 'b',
    compass: 'c',
    author: 'd',
    sidecar: 'e',
    passed: 'f',
    obsession_count: 1,
  };
  expect(redact({ ...fields, session: true })).toEqual({ ...fields, session: true });
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

test.for([
  ...[
    'a',
    'token',
    '"token":"',
    'eyJ-',
    'a.',
    '=',
    'Bearer ',
    '://',
    '\n',
    '\\',
    '\\"',
    'token: ',
    'token:[',
    '{',
    '"',
    "'",
  ],
  ...[
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN ',
    'Cookie: \\',
    '--token ',
    '<token>',
    '<a',
    ' ',
    'token=\\',
    'x,',
    '"token",',
  ],
])('a million characters of "%s" are searched in linear time', (piece) => {
  const msg = `token ${piece.repeat(1_000_000 / piece.length)}`;
  expect(redact({ msg })).toHaveProperty('msg');
});

test('the front of a line is not searched and is redacted if the rest has a secret', () => {
  const front = '{"service":"token-service"';
  const harmless = `${front},"msg":"ready"}\n`;
  expect(redactLine(harmless, front.length)).toBe(harmless);
  expect(redactLine(`${front},"token":"hunter2"}\n`, front.length)).toBe(`${front},"token":"[redacted]"}\n`);
});
