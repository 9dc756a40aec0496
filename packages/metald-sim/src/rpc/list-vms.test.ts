import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { ListVmsRequestSchema, VmState } from '@vmobs/wire/vmprovisioner';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFleet } from '../fleet/fleet.ts';
import type { Vm } from '../fleet/vm.ts';
import { pageOf } from './list-vms.ts';

/** A fleet with numbered VMs, and its list. */
async function createTestFleet(count: number) {
  const hypervisor = { perform: async () => undefined };
  const fleet = createFleet<number>({ maxVms: 2_000, seed: 1, hypervisor, now: Date.now });
  const add = (number: number) =>
    fleet.create({ customerId: 'acme', config: number, machine: { vcpus: 1, memoryBytes: 1024 } });
  const vms: Vm<number>[] = [];
  for (let number = 0; number < count; number += 1) vms.push(await add(number));
  const list = (request: MessageInitShape<typeof ListVmsRequestSchema>) => {
    const page = pageOf(fleet.all(), create(ListVmsRequestSchema, request));
    return { ...page, numbers: page.vms.map(({ config }) => config) };
  };
  const remove = (number: number) => fleet.delete(vms[number]?.id ?? 'none');
  return { fleet, vms, add, remove, list };
}

test('pages follow one another in the order of creation, and the last one says so', async () => {
  const { list } = await createTestFleet(5);
  const first = list({ pageSize: 2 });
  const second = list({ pageSize: 2, pageToken: first.nextPageToken });
  const third = list({ pageSize: 2, pageToken: second.nextPageToken });
  expect([first.numbers, second.numbers, third.numbers]).toEqual([[0, 1], [2, 3], [4]]);
  expect(third.nextPageToken).toBe('');
  expect([first, second, third].map(({ totalCount }) => totalCount)).toEqual([5, 5, 5]);
});

test('a page that ends with the last VM is the last page', async () => {
  const { list } = await createTestFleet(4);
  const { nextPageToken } = list({ pageSize: 2 });
  expect(list({ pageSize: 2, pageToken: nextPageToken })).toMatchObject({ numbers: [2, 3], nextPageToken: '' });
});

test('creations and deletions between two pages neither repeat nor skip other VMs', async () => {
  const { list, add, remove } = await createTestFleet(6);
  const first = list({ pageSize: 3 });
  expect(first.numbers).toEqual([0, 1, 2]);
  await remove(0);
  // The VM at which the second page begins.
  await remove(2);
  await remove(4);
  await add(6);
  const second = list({ pageSize: 3, pageToken: first.nextPageToken });
  expect(second).toMatchObject({ numbers: [3, 5, 6], nextPageToken: '', totalCount: 4 });
});

/** What happens to the fleet between two pages. */
const meanwhile = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('add' as const) }),
    fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
    fc.record({ kind: fc.constant('boot' as const), which: fc.nat() }),
  ),
  { maxLength: 6 },
);

test('a VM that exists throughout is on exactly one page, whatever happens between', async () => {
  const property = fc.asyncProperty(
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 1, max: 5 }),
    fc.infiniteStream(meanwhile),
    async (count, pageSize, changes) => {
      const { fleet, vms, add, remove, list } = await createTestFleet(count);
      const removed = new Set<number>();
      const seen: number[] = [];
      let pageToken = '';
      do {
        const page = list({ pageSize, pageToken });
        expect(page.vms.length).toBeLessThanOrEqual(pageSize);
        seen.push(...page.numbers);
        pageToken = page.nextPageToken;
        // A list that is added to without end has no end: what is added here ends with the first pages.
        const mayAdd = seen.length < 2 * count;
        for (const change of changes.next().value ?? []) {
          if (change.kind === 'add' && mayAdd) await add(1_000 + seen.length);
          if (change.kind === 'add' || count === 0) continue;
          const number = change.which % count;
          if (change.kind === 'boot') await fleet.boot(vms[number]?.id ?? 'none').catch(() => undefined);
          else
            await remove(number)
              .then(() => removed.add(number))
              .catch(() => undefined);
        }
      } while (pageToken !== '');
      const throughout = vms.map((_vm, number) => number).filter((number) => !removed.has(number));
      expect(seen.filter((number) => throughout.includes(number))).toEqual(throughout);
      expect(new Set(seen.filter((number) => number < count)).size).toBe(
        seen.filter((number) => number < count).length,
      );
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test.for([0, 1, 51, 60, 1_000])('without a page size all of %d VMs are on one page', async (count) => {
  const { list } = await createTestFleet(count);
  expect(list({})).toMatchObject({ vms: { length: count }, nextPageToken: '', totalCount: count });
});

test('a page never has more than 1000 VMs', async () => {
  const { list } = await createTestFleet(1_001);
  expect(list({}).vms).toHaveLength(1_000);
  const largest = list({ pageSize: 5_000 });
  expect(largest.vms).toHaveLength(1_000);
  expect(list({ pageToken: largest.nextPageToken }).numbers).toEqual([1_000]);
});

test('the filter holds for the pages and for the count of all', async () => {
  const { fleet, vms, list } = await createTestFleet(6);
  for (const number of [1, 3, 5]) await fleet.boot(vms[number]?.id ?? 'none');
  await fleet.pause(vms[5]?.id ?? 'none');
  const first = list({ pageSize: 1, stateFilter: [VmState.RUNNING] });
  expect(first).toMatchObject({ numbers: [1], totalCount: 2 });
  expect(list({ pageSize: 1, stateFilter: [VmState.RUNNING], pageToken: first.nextPageToken })).toMatchObject({
    numbers: [3],
    nextPageToken: '',
  });
  expect(list({ stateFilter: [VmState.PAUSED, VmState.RUNNING] }).numbers).toEqual([1, 3, 5]);
  expect(list({ stateFilter: [VmState.SHUTDOWN] })).toMatchObject({ numbers: [], nextPageToken: '', totalCount: 0 });
});

test.for([
  [{ pageSize: -1 }, 'page_size must not be negative'],
  [{ pageToken: 'nonsense' }, 'unknown page_token'],
  [{ pageToken: Buffer.from('after:-1').toString('base64url') }, 'unknown page_token'],
] as const)('%j is invalid: %s', async ([request, message]) => {
  const { list } = await createTestFleet(1);
  expect(() => list(request)).toThrow(expect.objectContaining({ rawMessage: message, code: Code.InvalidArgument }));
});
