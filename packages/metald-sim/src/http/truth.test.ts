import Fastify from 'fastify';
import { expect, test } from 'vitest';
import type { BilledAmounts, TrueUsage } from '../fleet/used-in-fleet.ts';
import { addTruthRoute, type TruthPage } from './truth.ts';

const big = 2n ** 60n + 1n;

const amountsOf = (cpuNanos: bigint, others: bigint): BilledAmounts => ({
  cpuNanos,
  diskReadBytes: 2n * others,
  diskWriteBytes: 3n * others,
  networkRxBytes: 4n * others,
  networkTxBytes: 5n * others,
});

/** A truth of five VMs of two customers, one of which has no sample, and what is answered about it. */
function createTestTruth() {
  const usages = Array.from({ length: 5 }, (_, index): TrueUsage => {
    const isSampled = index > 0;
    return {
      vmId: `ud-${index}`,
      customerId: index % 2 === 0 ? 'globex' : 'acme',
      boots: 2,
      thisBoot: amountsOf(10n, 1n),
      total: amountsOf(big + 10n, 2n),
      notSampled: isSampled ? amountsOf(3n, 0n) : amountsOf(big + 10n, 2n),
      sampleCount: isSampled ? 7 : 0,
      firstMs: isSampled ? 1_000 + index : 0,
      lastMs: isSampled ? 5_000 + index : 0,
    };
  });
  const app = Fastify();
  addTruthRoute(app, { all: () => usages, forgotten: 3 });
  const ask = async (query: string) => (await app.inject(`/sim/truth${query}`)).json<TruthPage>();
  return { app, ask };
}

test('a VM is listed to the last unit, for this boot and for all boots', async () => {
  const { ask } = createTestTruth();
  expect(await ask('?limit=1&after=ud-0')).toEqual({
    vms: [
      {
        vm_id: 'ud-1',
        customer_id: 'acme',
        lives: 2,
        sample_count: 7,
        first_timestamp: '1001000000',
        last_timestamp: '5001000000',
        this_life: {
          cpu_time_nanos: '10',
          disk_read_bytes: '2',
          disk_write_bytes: '3',
          network_rx_bytes: '4',
          network_tx_bytes: '5',
        },
        total: {
          cpu_time_nanos: String(big + 10n),
          disk_read_bytes: '4',
          disk_write_bytes: '6',
          network_rx_bytes: '8',
          network_tx_bytes: '10',
        },
        not_sampled: {
          cpu_time_nanos: '3',
          disk_read_bytes: '0',
          disk_write_bytes: '0',
          network_rx_bytes: '0',
          network_tx_bytes: '0',
        },
      },
    ],
    next: 'ud-1',
    forgotten_vms: 3,
  });
});

test('the pages together have every VM once', async () => {
  const { ask } = createTestTruth();
  const ids: string[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const { vms, next }: TruthPage = await ask(`?limit=2&after=${after}`);
    ids.push(...(vms ?? []).map(({ vm_id }) => vm_id));
    after = next;
  }
  expect(ids).toEqual(['ud-0', 'ud-1', 'ud-2', 'ud-3', 'ud-4']);
});

test('the VMs of a customer add up exactly', async () => {
  const { ask } = createTestTruth();
  const { customers, next } = await ask('?by=customer');
  expect(next).toBeNull();
  expect(customers).toMatchObject([
    { customer_id: 'acme', vm_count: 2, sample_count: 14 },
    {
      customer_id: 'globex',
      vm_count: 3,
      sample_count: 14,
      first_timestamp: '1002000000',
      last_timestamp: '5004000000',
      total: { cpu_time_nanos: String(3n * (big + 10n)), network_tx_bytes: '30' },
      not_sampled: { cpu_time_nanos: String(big + 16n), network_tx_bytes: '10' },
    },
  ]);
});

test.for(['?limit=0', '?limit=many', '?by=host', '?limit=10001'])('%s is refused with a reason', async (query) => {
  const { app } = createTestTruth();
  const response = await app.inject(`/sim/truth${query}`);
  expect(response.statusCode).toBe(400);
  expect(response.json()).toMatchObject({ message: expect.stringMatching(/querystring\/(limit|by) must/) });
});
