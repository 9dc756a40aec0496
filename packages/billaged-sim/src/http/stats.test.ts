import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { openSqliteLedger } from '../ledger/sqlite/sqlite-ledger.ts';
import { addStatsRoute, goDuration } from './stats.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

test.for([
  [1, '1ms'],
  [100, '100ms'],
  [999, '999ms'],
  [second, '1s'],
  [0.5, '500µs'],
  [1_500, '1.5s'],
  [4_200.7, '4.2007s'],
  [59_999, '59.999s'],
  [minute, '1m0s'],
  [minute + 1_500, '1m1.5s'],
  [90 * second, '1m30s'],
  [hour, '1h0m0s'],
  [hour + second, '1h0m1s'],
  [25 * hour + 61 * second, '25h1m1s'],
] as const)('%i ms is written %s', ([milliseconds, text]) => {
  expect(goDuration(milliseconds)).toBe(text);
});

test('/stats has the number of tracked VMs and the aggregation interval', async () => {
  const ledger = openSqliteLedger({ path: ':memory:' });
  const app = Fastify();
  addStatsRoute(app, { ledger, aggregationIntervalMs: minute });
  try {
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const stats = async () => (await fetch(`${url}/stats`)).json();
    expect(await stats()).toEqual({ active_vms: 0, aggregation_interval: '1m0s' });
    await ledger.start({ vmId: 'ud-1', customerId: 'acme', startNanos: 1n });
    expect(await stats()).toEqual({ active_vms: 1, aggregation_interval: '1m0s' });
    await ledger.stop({ vmId: 'ud-1', stopNanos: 2n });
    expect(await stats()).toEqual({ active_vms: 0, aggregation_interval: '1m0s' });
  } finally {
    await app.close();
    await ledger.close();
  }
});
