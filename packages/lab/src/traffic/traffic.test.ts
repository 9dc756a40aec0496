import { type MetaldOptions, startMetald } from '@vmobs/metald-sim';
import { afterEach, expect, test } from 'vitest';
import { startTraffic, type TrafficOptions } from './traffic.ts';
import { createVmClient } from './vm-client.ts';

/** How long a slow machine may take. */
const patience = { timeout: 100_000 };

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Starts a metald without billaged, in which operations take next to no time, and keeps its log. */
async function startTestMetald(hypervisor?: MetaldOptions['hypervisor'], options: MetaldOptions = {}) {
  const lines: Record<string, unknown>[] = [];
  const metald = await startMetald({
    port: 0,
    metricsPort: 0,
    billingEnabled: false,
    timeScale: 1_000,
    ...(hypervisor && { hypervisor }),
    ...options,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  closers.push(metald.close);
  const operations = (name: string) =>
    lines.filter(({ msg, operation }) => msg === 'vm operation' && operation === name);
  return { metaldUrl: metald.url, operations };
}

function startTestTraffic(options: Partial<TrafficOptions> & Pick<TrafficOptions, 'metaldUrl'>) {
  const traffic = startTraffic({ clients: 5, lifeMs: 40, seed: 1, ...options });
  closers.push(traffic.stop);
  return traffic;
}

test('clients run one VM life cycle after the other, for all tenants, without an error', async () => {
  const { metaldUrl, operations } = await startTestMetald();
  const { failures, stop } = startTestTraffic({ metaldUrl });
  await expect.poll(() => operations('delete').length, patience).toBeGreaterThan(10);
  await stop();
  expect(failures).toEqual({ count: 0, last: '' });
  expect(new Set(operations('create').map(({ customer_id }) => customer_id))).toEqual(
    new Set(['acme', 'globex', 'initech', 'umbrella']),
  );
  // Each client has one VM at a time, and what it has when it is stopped stays.
  expect(operations('create').length - operations('delete').length).toBeLessThanOrEqual(5);
});

test('stop returns although clients wait for hours, between and within life cycles', async () => {
  const { metaldUrl, operations } = await startTestMetald();
  await startTestTraffic({ metaldUrl, lifeMs: 1e8 }).stop();
  expect(operations('create')).toEqual([]);
  const { failures, stop } = startTestTraffic({ metaldUrl, clients: 1, lifeMs: 1_000 });
  await expect.poll(() => operations('boot').length, patience).toBe(1);
  await stop();
  expect(failures.count).toBe(0);
});

test('stop waits for the current request, and no request follows it', async () => {
  const [booting, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const { metaldUrl, operations } = await startTestMetald({
    async perform(operation) {
      if (operation !== 'boot') return;
      booting.resolve();
      await release.promise;
    },
  });
  // No wait is in the way of a client that continues.
  const { failures, stop } = startTestTraffic({ metaldUrl, clients: 1, wait: async () => undefined });
  await booting.promise;
  const order: string[] = [];
  const stopping = stop().then(() => order.push('stopped'));
  // A request that is made now is answered meanwhile.
  await fetch(`${metaldUrl}/_/health`);
  order.push('boot is over');
  release.resolve();
  await stopping;
  expect(order).toEqual(['boot is over', 'stopped']);
  expect(operations('boot')).toHaveLength(1);
  expect(['pause', 'reboot', 'shutdown', 'delete'].flatMap(operations)).toEqual([]);
  expect(failures.count).toBe(0);
});

test('an unreachable metald counts as failures, and stop returns while clients wait', async () => {
  const { failures, stop } = startTestTraffic({ metaldUrl: 'http://127.0.0.1:1', clients: 2 });
  await expect.poll(() => failures.count, patience).toBeGreaterThanOrEqual(2);
  expect(failures.last).toContain('ECONNREFUSED');
  await stop();
});

/** Waits that take no time, but let everything else run. */
const noTime = () => new Promise<void>((resolve) => setImmediate(resolve));

test.for(['boot-failures', 'api-errors', 'api-latency'])(
  'clients leave no VM behind while %s is on, and work again when it is off',
  async (fault) => {
    // There is room for one VM of each client, so a single one that is left behind is noticed.
    const { metaldUrl, operations } = await startTestMetald(undefined, { maxVms: 2, simControl: true });
    const control = (method: string, body?: string) =>
      fetch(`${metaldUrl}/sim/faults/${fault}`, { method, ...(body && { body }) });
    const { failures } = startTestTraffic({ metaldUrl, clients: 2, wait: noTime });
    await expect.poll(() => operations('delete').length, patience).toBeGreaterThan(0);
    await control('PUT', JSON.stringify(fault === 'api-latency' ? { size: 5 } : { size: 0.5 }));
    if (fault !== 'api-latency') await expect.poll(() => failures.count, patience).toBeGreaterThan(20);
    await control('DELETE');
    const [failed, deleted] = [failures.count, operations('delete').length];
    await expect.poll(() => operations('delete').length, patience).toBeGreaterThan(deleted + 20);
    // What had begun before the fault was off may still fail.
    expect(failures.count - failed).toBeLessThanOrEqual(2);
    expect(failures.last).not.toContain('limit of 2 VMs');
  },
);

test('VMs that could not be deleted are deleted once that works', async () => {
  let isBroken = true;
  const { metaldUrl, operations } = await startTestMetald(
    {
      async perform(operation) {
        if (isBroken && (operation === 'delete' || operation === 'shutdown')) throw new Error('stuck');
      },
    },
    { maxVms: 1 },
  );
  const { failures } = startTestTraffic({ metaldUrl, clients: 1, wait: noTime });
  await expect.poll(() => failures.count, patience).toBeGreaterThan(3);
  isBroken = false;
  await expect.poll(() => operations('create').length, patience).toBeGreaterThan(3);
  expect(failures.last).not.toContain('limit of');
});

test('VMs of an earlier run are deleted first, those of others stay', async () => {
  const { metaldUrl, operations } = await startTestMetald(undefined, { maxVms: 3 });
  const other = createVmClient(metaldUrl, 'acme', new AbortController().signal);
  const { vmId } = await other.createVm({
    config: { cpu: { vcpuCount: 1 }, memory: { sizeBytes: 1n }, boot: { kernelPath: '/k' }, storage: [{ path: '/r' }] },
  });
  const first = startTestTraffic({ metaldUrl, clients: 2, lifeMs: 1_000 });
  await expect.poll(() => operations('boot').length, patience).toBeGreaterThanOrEqual(2);
  await first.stop();
  const second = startTestTraffic({ metaldUrl, clients: 2, wait: noTime });
  await expect.poll(() => operations('delete').length, patience).toBeGreaterThan(5);
  await second.stop();
  expect(second.failures).toEqual({ count: 0, last: '' });
  expect((await other.getVmInfo({ vmId })).vmId).toBe(vmId);
});

test('no clients make no traffic', async () => {
  const { failures, stop } = startTestTraffic({ metaldUrl: 'http://127.0.0.1:1', clients: 0 });
  await stop();
  expect(failures).toEqual({ count: 0, last: '' });
});
