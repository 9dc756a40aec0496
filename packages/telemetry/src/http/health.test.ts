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

test('a service without checks is ready when its life says so', async () => {
  expect(await health.ready()).toEqual({ statusCode: 200, body: { status: 'ready', service: 'shop' } });
});

test('a check that gives a reason makes the service not ready, and each check is named', async () => {
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

test('what a check throws is told, and not to the world', async () => {
  const error = new Error('password authentication failed for user "eve"');
  health.addCheck('ledger', async () => {
    throw error;
  });
  const { statusCode, body } = await health.ready();
  expect(statusCode).toBe(503);
  expect(body.checks).toEqual({ ledger: 'failed; the log of the service says why' });
  expect(changes).toEqual([['ledger', 'failed; the log of the service says why', error]]);
});

test('a check that does not answer in time fails and is told to stop', async () => {
  let isAborted = false;
  const check = (signal: AbortSignal) =>
    new Promise<true>(() => signal.addEventListener('abort', () => (isAborted = true)));
  health.addCheck('ledger', check, { timeoutMs: 10 });
  expect((await health.ready()).body.checks).toEqual({ ledger: 'no answer within 10 ms' });
  expect(isAborted).toBe(true);
});

test('a change of outcome is told, an outcome that stays is not', async () => {
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

test('probes that come together share one run of the checks', async () => {
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

test.for(['starting', 'draining'] as const)('a service that is %s asks no check', async (readiness) => {
  health.readiness = readiness;
  health.addCheck('ledger', () => {
    throw new Error('asked');
  });
  expect(await health.ready()).toEqual({ statusCode: 503, body: { status: readiness, service: 'shop' } });
  expect(changes).toEqual([]);
});

test('a service that begins to drain while its checks run is draining', async () => {
  const release = Promise.withResolvers<true>();
  health.addCheck('ledger', () => release.promise);
  const answer = health.ready();
  health.readiness = 'draining';
  release.resolve(true);
  expect((await answer).body.status).toBe('draining');
});

test('alive is not the same as ready: a check does not touch /health', async () => {
  health.addCheck('ledger', () => 'gone');
  await health.ready();
  expect(health.health()).toMatchObject({ status: 'ok', service: 'shop', version: '1.2.3' });
});

test('two checks of one name are an error that names it', () => {
  health.addCheck('ledger', () => true);
  expect(() => health.addCheck('ledger', () => true)).toThrow(
    'there is a readiness check "ledger" already; give this one another name',
  );
});
