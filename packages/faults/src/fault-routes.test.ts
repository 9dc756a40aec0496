import { expect, test } from 'vitest';
import type { FaultPage } from './fault-routes.ts';
import { startFaultyService } from './testing/start-faulty-service.ts';

const patience = { timeout: 100_000 };

test('every fault is listed with its schema, and is off', async () => {
  const { call } = await startFaultyService();
  const { faults } = (await (await call('GET')).json()) as { faults: FaultPage[] };
  expect(faults.map(({ name }) => name)).toEqual([
    'cpu-burn',
    'memory-growth',
    'event-loop-stall',
    'log-flood',
    'process-crash',
    'metrics-slow',
    'metrics-down',
    'api-errors',
    'api-latency',
  ]);
  expect(faults.filter(({ active }) => active !== null)).toEqual([]);
  expect(faults[0]).toMatchObject({
    name: 'cpu-burn',
    description: expect.stringMatching(/\w\.$/),
    schema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        size: { type: 'number', unit: 'cores', minimum: 0.01, maximum: 1, default: 0.8 },
        for: { type: 'string' },
        until: { type: 'string', format: 'date-time' },
      },
    },
  });
});

test('a fault stays on with the requested values until it is switched off', async () => {
  const { call, read, lines } = await startFaultyService();
  const changes = () => lines.filter(({ msg }) => String(msg).startsWith('fault is'));

  const on = await call('PUT', '/metrics-slow', { size: 1 });
  expect(on.status).toBe(200);
  const active = { values: { size: 1 }, since: expect.stringMatching(/^20.*Z$/), until: null };
  expect(await on.json()).toMatchObject({ name: 'metrics-slow', active });
  expect(await (await call('GET', '/metrics-slow')).json()).toMatchObject({ active });
  expect(await read('sim_fault_active{fault="metrics-slow"}')).toBe(1);
  expect(await read('sim_fault_size{fault="metrics-slow"}')).toBe(1);
  expect(await read('sim_fault_active{fault="cpu-burn"}')).toBe(0);
  expect(changes()).toMatchObject([
    { level: 'warn', msg: 'fault is on', fault: 'metrics-slow', size: 1, until: null, remote_address: '127.0.0.1' },
  ]);

  const off = await call('DELETE', '/metrics-slow');
  expect(await off.json()).toMatchObject({ name: 'metrics-slow', active: null });
  expect(await read('sim_fault_active{fault="metrics-slow"}')).toBe(0);
  expect(await read('sim_fault_size{fault="metrics-slow"}')).toBe(0);
  expect(changes()[1]).toMatchObject({
    fault: 'metrics-slow',
    reason: 'switched off',
    remote_address: '127.0.0.1',
  });

  // Off already: nothing happens.
  expect((await call('DELETE', '/metrics-slow')).status).toBe(200);
  expect(changes()).toHaveLength(2);
});

// An end at a time of day is far enough away to be asked for on a machine that is slow.
test.for([{ for: '60ms' }, { until: () => new Date(Date.now() + 1_500).toISOString() }])(
  'a fault ends by itself: %o',
  async (end) => {
    const { switchOn, read, lines } = await startFaultyService();
    const body = 'until' in end ? { size: 1, until: end.until() } : { size: 1, ...end };
    const { active } = await switchOn('metrics-slow', body);
    expect(Date.parse(active?.until ?? '')).toBeGreaterThan(Date.parse(active?.since ?? ''));
    const isActive = () => read('sim_fault_active{fault="metrics-slow"}');
    await expect.poll(isActive, patience).toBe(0);
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'fault is off', fault: 'metrics-slow', reason: 'expired' }),
    );
  },
);

test('a fault that is on restarts with another size and without its first end', async () => {
  const { switchOn, call, lines } = await startFaultyService();
  await switchOn('metrics-slow', { size: 1, for: '200ms' });
  await switchOn('metrics-slow', { size: 2, for: '1h' });
  await switchOn('metrics-down', { for: '250ms' });
  await expect.poll(() => lines.filter(({ reason }) => reason === 'expired'), patience).toHaveLength(1);
  expect(await (await call('GET', '/metrics-slow')).json()).toMatchObject({ active: { values: { size: 2 } } });
});

test('DELETE switches all faults off and returns their names', async () => {
  const { switchOn, call } = await startFaultyService();
  await switchOn('metrics-slow');
  await switchOn('cpu-burn', { size: 0.01 });
  expect(await (await call('DELETE')).json()).toEqual({ switched_off: ['cpu-burn', 'metrics-slow'] });
  expect(await (await call('DELETE')).json()).toEqual({ switched_off: [] });
});

test('faults end when the service closes', async () => {
  const { switchOn, close, lines } = await startFaultyService();
  await switchOn('metrics-slow');
  await close();
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'fault is off', reason: 'service shutdown' }));
});

test('PUT needs no content type, and no body for the default', async () => {
  const { call } = await startFaultyService();
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const withBody = await call('PUT', '/metrics-down', '{"size": 0.5}', form);
  expect(await withBody.json()).toMatchObject({ active: { values: { size: 0.5, how: '503' } } });
  expect(await (await call('PUT', '/metrics-down')).json()).toMatchObject({ active: { values: { size: 1 } } });
});

test.for([
  ['{"size": 3}', 'size is 3; allowed is a number from 0.01 to 1 (cores)'],
  ['{"size": "0.5"}', 'size is "0.5"; allowed is a number from 0.01 to 1 (cores)'],
  ['{"sise": 0.5}', 'unknown parameter of cpu-burn: sise; allowed are size, for, until'],
  ['{"for": "5"}', 'for is "5"; allowed is a duration above zero such as 100ms, 30s or 1m30s'],
  ['{"for": 5}', 'for is 5; allowed is a duration'],
  ['{"until": "tomorrow"}', 'until is "tomorrow"; allowed is a future time with a zone, such as 20'],
  ['{"until": "2020-01-01T00:00:00Z"}', 'until is "2020-01-01T00:00:00Z"; allowed is a future time with a zone'],
  ['{"until": "9999-01-01T00:00:00Z"}', 'at most 596h from now'],
  ['{"for": "1s", "until": "2999-01-01T00:00:00Z"}', 'for and until both set the end; send only one of them'],
  ['[1]', 'the body is not a JSON object; send one such as {"size": 1, "for": "5m"}'],
  ['{"size": ', 'the body is not JSON; send an object such as {"size": 1, "for": "5m"}'],
] as const)('%s is refused with the allowed values', async ([body, message]) => {
  const { call } = await startFaultyService();
  const response = await call('PUT', '/cpu-burn', body);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ message: expect.stringContaining(message) });
  expect(await (await call('GET', '/cpu-burn')).json()).toMatchObject({ active: null });
});

test('every value that is not allowed is listed, strings with their choices', async () => {
  const { call } = await startFaultyService();
  const response = await call('PUT', '/metrics-down', { size: -1, how: 'slowly' });
  expect(await response.json()).toMatchObject({
    message:
      'size is -1; allowed is a number from 0.001 to 1 (probability). how is "slowly"; allowed is one of 503, reset',
  });
});

test.for(['GET', 'PUT', 'DELETE'])('%s of an unknown fault lists the known ones', async (method) => {
  const { call } = await startFaultyService();
  const response = await call(method, '/gremlins');
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({
    message: expect.stringMatching(/^unknown fault "gremlins"; known are cpu-burn, memory-growth, /),
  });
});

test('a body that is too large is refused', async () => {
  const { call } = await startFaultyService();
  expect((await call('PUT', '/cpu-burn', ' '.repeat(5_000))).status).toBe(413);
});
