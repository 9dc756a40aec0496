import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createHostGuard, hostNames } from './host-guard.ts';

function ask(
  headers: Record<string, string>,
  allowedHosts: readonly string[] = [],
  method = 'GET',
): string | undefined {
  return createHostGuard(allowedHosts)(Object.assign(new IncomingMessage(new Socket()), { method, headers }));
}

test.for([
  ...[
    'localhost',
    'LOCALHOST:8080',
    'localhost.:80',
    'app.localhost:8080',
    '127.0.0.1',
    '127.0.0.1:9464',
    '10.1.2.3:80',
  ],
  ...['[::1]:8080', '[fe80::1]', '[::ffff:127.0.0.1]:1', 'metald-sim:9464', 'metald', 'host.docker.internal:8090'],
  ...['metald.vmobs.svc:9464', 'metald.vmobs.svc.cluster.local', ''],
])('the host %j is allowed', (host) => {
  expect(ask({ host })).toBeUndefined();
  expect(ask({ ':authority': host })).toBeUndefined();
});

test.for([
  ...['evil.example', 'evil.example:8080', 'EVIL.example.', '127.0.0.1.evil.example', 'localhost.evil.example:80'],
  ...[
    'evilinternal.com',
    'xlocalhost.com',
    'svc.evil.com',
    '1.2.3',
    '127.0.0.1@evil.example',
    'a b',
    '[::1',
    '::1',
    'x/y',
    'é.fr',
  ],
])('the host %j is refused', (host) => {
  expect(ask({ host })).toMatch(
    /^the host ".*" is not allowed; allowed are localhost, IP addresses, .*_ALLOWED_HOSTS$/,
  );
  expect(ask({ ':authority': host })).toContain('is not allowed');
  // Both are read: a proxy may have added one of them.
  expect(ask({ host: 'localhost', ':authority': host })).toContain('is not allowed');
});

test.for([
  ['metald.example.com', ['metald.example.com'], true],
  ['Metald.Example.com:443', ['metald.example.com'], true],
  ['a.b.example.com', ['.example.com'], true],
  ['example.com', ['.example.com'], false],
  ['badexample.com', ['.example.com', 'example.com'], false],
  ['evil.example', ['*'], true],
] as const)('the host %s, with %j configured, is allowed: %s', ([host, allowedHosts, isAllowed]) => {
  expect(ask({ host }, allowedHosts) === undefined).toBe(isAllowed);
});

test('a request without a host, as of HTTP/1.0, is allowed', () => {
  expect(ask({})).toBeUndefined();
});

test.for([
  ['http://localhost:8080', 'localhost:8080', true],
  ['http://LOCALHOST:8080', 'localhost:8080', true],
  ['http://metald', 'metald:80', true],
  ['https://metald', 'metald:443', true],
  ['http://127.0.0.1:3000', '127.0.0.1:8080', false],
  ['http://localhost:8080', '127.0.0.1:8080', false],
  ['https://evil.example', 'localhost:8080', false],
  ['http://evil.example:8080', 'localhost:8080', false],
  ['null', 'localhost:8080', false],
  ['', 'localhost:8080', false],
  ['file://', 'localhost:8080', false],
  ['https://console.example.com', 'localhost:8080', true],
] as const)('a page of %j may change something on %s: %s', ([origin, host, isAllowed]) => {
  const allowedHosts = ['console.example.com', '*'];
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const reason = ask({ host, origin }, allowedHosts, method);
    if (isAllowed) expect(reason).toBeUndefined();
    else expect(reason).toMatch(/^the origin ".*" is not allowed; allowed are the host and port of the request itself/);
  }
  for (const method of ['GET', 'HEAD', 'OPTIONS']) expect(ask({ host, origin }, allowedHosts, method)).toBeUndefined();
});

test('many hosts are checked in bounded memory, and a refused one stays refused', () => {
  const guard = createHostGuard(['*']);
  const strict = createHostGuard();
  const of = (host: string) => Object.assign(new IncomingMessage(new Socket()), { method: 'GET', headers: { host } });
  for (let index = 0; index < 300; index++) {
    expect(guard(of(`h${index}.example`))).toBeUndefined();
    expect(strict(of('evil.example'))).toBeDefined();
    expect(strict(of(`h${index}`))).toBeUndefined();
  }
});

test.for([
  ['a.example, .B.example,*', ['a.example', '.b.example', '*']],
  ['metald', ['metald']],
  ['', undefined],
  ['a,,b', undefined],
  ['http://a.example', undefined],
  ['a.example:80', undefined],
  ['*.example', undefined],
] as const)('the setting %j means %j', ([text, names]) => {
  expect(hostNames.parse(text)).toEqual(names);
});
