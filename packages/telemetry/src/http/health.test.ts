import { beforeEach, expect, test } from 'vitest';
import { createHealth, type Health } from './health.ts';

let health: Health;
let changes: unknown[];

beforeEach(() => {
  changes = [];
  health = createHealth({
    service: 'shop',
    version: '1.2.3',
    onCheckChanged: (name, reason, error) => changes.push([name, reason, error]),
  });
  health.readiness = 'ready';
});

test('a service without checks is ready when its lifecycle says so', async () => {
  expect(await health.ready()).toEqual({ statusCode: 200, body: { status: 'ready', service: 'shop' } });
});

test('a failed check makes the service not ready, and the response names each check', async () => {
  health.addCheck('ledger', () => 'the ledger does not answer');
  health.addCheck('spool', async () => true);
  health.addCheck('disk', () => false);
  expect(await health.ready()).toEqual({
    statusCode: 503,
    body: {
      status: 'not_ready',
      service: 'shop',
      checks: { ledger: 'the ledger does not answer', spool: 'ok', disk: 'does not pass' },
    },
  });
});

test('an error of a check is logged and not public', async () => {
  const error = new Error('password authentication failed for user "eve"');
  health.addCheck('ledger', async () => {
    throw error;
  });
  const { statusCode, body } = await health.ready();
  expect(statusCode).toBe(503);
  expect(body.checks).toEqual({ ledger: 'failed; see the log of the service' });
  expect(changes).toEqual([['ledger', 'failed; see the log of the service', error]]);
});

test('a check that times out fails and its signal is aborted', async () => {
  let isAborted = false;
  const check = (signal: AbortSignal) =>
    new Promise<true>(() => signal.addEventListener('abort', () => (isAborted = true)));
  health.addCheck('ledger', check, { timeoutMs: 10 });
  expect((await health.ready()).body.checks).toEqual({ ledger: 'no answer within 10 ms' });
  expect(isAborted).toBe(true);
});

test('only changes of an outcome are reported', async () => {
  let answer: true | string = true;
  health.addCheck('ledger', () => answer);
  await health.ready();
  answer = 'no disk';
  await health.ready();
  await health.ready();
  answer = true;
  await health.ready();
  await health.ready();
  expect(changes).toEqual([
    ['ledger', 'no disk', undefined],
    ['ledger', undefined, undefined],
  ]);
});

test('concurrent probes share one run of the checks', async () => {
  let runs = 0;
  const release = Promise.withResolvers<true>();
  health.addCheck('ledger', () => {
    runs += 1;
    return release.promise;
  });
  const probes = [health.ready(), health.ready(), health.ready()];
  release.resolve(true);
  expect((await Promise.all(probes)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
  expect(runs).toBe(1);
  await health.ready();
  expect(runs).toBe(2);
});

test.for(['starting', 'draining'] as const)('a service that is %s runs no check', async (readiness) => {
  health.readiness = readiness;
  health.addCheck('ledger', () => {
    throw new Error('asked');
  });
  expect(await health.ready()).toEqual({ statusCode: 503, body: { status: readiness, service: 'shop' } });
  expect(changes).toEqual([]);
});

test('a service that starts to drain while its checks run is draining', async () => {
  const release = Promise.withResolvers<true>();
  health.addCheck('ledger', () => release.promise);
  const answer = health.ready();
  health.readiness = 'draining';
  release.resolve(true);
  expect((await answer).body.status).toBe('draining');
});

test('a check does not affect /health', async () => {
  health.addCheck('ledger', () => 'gone');
  await health.ready();
  expect(health.health()).toMatchObject({ status: 'ok', service: 'shop', version: '1.2.3' });
});

test('a second check of the same name is an error', () => {
  health.addCheck('ledger', () => true);
  expect(() => health.addCheck('ledger', () => true)).toThrow(
    'a readiness check "ledger" exists already; use another name',
  );
});
