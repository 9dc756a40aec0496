import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { createGroundTruth } from '../billing/ground-truth.ts';
import { addTruthRoute, type TruthPage } from './truth.ts';

const big = 2 ** 52 + 1;

/** A truth of five VMs of two customers, and what is answered about it. */
function createTestTruth() {
  const truth = createGroundTruth(10);
  for (let index = 0; index < 5; index += 1) {
    const owner = { id: `ud-${index}`, customerId: index % 2 === 0 ? 'acme' : 'globex', ordinal: index, slot: index };
    truth.record(owner, 1, 1_000 + index, Float64Array.of(big, 1, 2, 3, 4, 5));
    truth.record(owner, 2, 5_000 + index, Float64Array.of(10, 1, 2, 3, 4, 5));
  }
  const app = Fastify();
  addTruthRoute(app, truth);
  const ask = async (query: string) => (await app.inject(`/sim/truth${query}`)).json<TruthPage>();
  return { app, ask };
}

test('a VM is told to the last unit, of this life and of all', async () => {
  const { ask } = createTestTruth();
  const { vms, next, forgotten_vms } = await ask('?limit=1');
  expect({ vms, next, forgotten_vms }).toEqual({
    vms: [
      {
        vm_id: 'ud-0',
        customer_id: 'acme',
        lives: 2,
        sample_count: 2,
        first_timestamp: '1000000000',
        last_timestamp: '5000000000',
        this_life: {
          cpu_time_nanos: '10',
          disk_read_bytes: '2',
          disk_write_bytes: '3',
          network_rx_bytes: '4',
          network_tx_bytes: '5',
        },
        total: {
          cpu_time_nanos: String(big + 10),
          disk_read_bytes: '4',
          disk_write_bytes: '6',
          network_rx_bytes: '8',
          network_tx_bytes: '10',
        },
      },
    ],
    next: 'ud-0',
    forgotten_vms: 0,
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
    {
      customer_id: 'acme',
      vm_count: 3,
      sample_count: 6,
      first_timestamp: '1000000000',
      last_timestamp: '5004000000',
      total: { cpu_time_nanos: String(3n * (BigInt(big) + 10n)), network_tx_bytes: '30' },
    },
    { customer_id: 'globex', vm_count: 2, sample_count: 4 },
  ]);
});

test.for(['?limit=0', '?limit=many', '?by=host', '?limit=10001'])('%s is refused with a reason', async (query) => {
  const { app } = createTestTruth();
  const response = await app.inject(`/sim/truth${query}`);
  expect(response.statusCode).toBe(400);
  expect(response.json()).toMatchObject({ message: expect.stringMatching(/querystring\/(limit|by) must/) });
});
