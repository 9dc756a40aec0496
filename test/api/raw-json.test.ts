import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import { afterAll, beforeAll, expect, test } from 'vitest';

/*
 * What a client that was not generated sends and sees: plain JSON over HTTP, as the real services take and give it.
 */

let metald: Metald;
let billaged: Billaged;

beforeAll(async () => {
  const quiet = { port: 0, metricsPort: 0, logLevel: 'silent' } as const;
  billaged = await startBillaged(quiet);
  metald = await startMetald({ ...quiet, billingEndpoint: billaged.url, timeScale: 1_000 });
});
afterAll(async () => {
  await metald.close();
  await billaged.close();
});

async function post(url: string, procedure: string, body: unknown) {
  const response = await fetch(`${url}/${procedure}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, answer };
}

const createVm = (body: unknown) => post(metald.url, 'vmprovisioner.v1.VmService/CreateVm', body);

test('names in snake_case, unknown fields and int64 as strings are taken', async () => {
  const { status, answer } = await createVm({
    config: {
      cpu: { vcpu_count: 2, max_vcpu_count: 4 },
      memory: { size_bytes: '1073741824', hotplug_enabled: true },
      boot: { kernel_path: '/vmlinux' },
      storage: [{ path: '/rootfs.ext4', is_root_device: true, colour: 'red' }],
      added_in_a_later_version: { anything: [1, 2, 3] },
    },
  });
  expect(status).toBe(200);
  expect(answer).toEqual({ vmId: expect.stringMatching(/^ud-/), state: 'VM_STATE_CREATED' });
});

test('names in camelCase and int64 as numbers are taken, too', async () => {
  const { status } = await createVm({
    config: {
      cpu: { vcpuCount: 1 },
      memory: { sizeBytes: 1_073_741_824 },
      boot: { kernelPath: '/vmlinux' },
      storage: [{ path: '/rootfs.ext4' }],
    },
  });
  expect(status).toBe(200);
});

test('answers have camelCase names, int64 as strings and no zeros', async () => {
  const { answer } = await post(metald.url, 'vmprovisioner.v1.VmService/ListVms', { page_size: 1 });
  expect(answer).toEqual({
    vms: [
      {
        vmId: expect.any(String),
        state: 'VM_STATE_CREATED',
        vcpuCount: 2,
        memorySizeBytes: '1073741824',
        createdTimestamp: expect.stringMatching(/^\d+$/),
        modifiedTimestamp: expect.stringMatching(/^\d+$/),
      },
    ],
    nextPageToken: expect.any(String),
    totalCount: 2,
  });
});

test('a timestamp is an RFC 3339 string', async () => {
  const { status, answer } = await post(billaged.url, 'billing.v1.BillingService/SendMetricsBatch', {
    vm_id: 'ud-1',
    customer_id: 'acme',
    metrics: [{ timestamp: '2026-01-01T00:00:00.123456789Z', cpu_time_nanos: '9007199254740991' }],
  });
  expect({ status, answer }).toEqual({ status: 200, answer: { success: true, message: 'processed 1 metrics' } });
});

test.each([
  ['JSON that is cut off', '{"vm_id": "ud-1"', 400, 'invalid_argument'],
  ['a field of the wrong type', { vm_id: 7 }, 400, 'invalid_argument'],
  ['a VM that does not exist', { vm_id: 'ud-0000000000000000' }, 404, 'not_found'],
])('%s gets a Connect error', async (_what, body, expectedStatus, code) => {
  const { status, answer } = await post(metald.url, 'vmprovisioner.v1.VmService/BootVm', body);
  expect(status).toBe(expectedStatus);
  expect(answer).toEqual({ code, message: expect.stringMatching(/\w/) });
});

test('a body over a megabyte is refused', async () => {
  const { status, answer } = await post(metald.url, 'vmprovisioner.v1.VmService/BootVm', {
    vm_id: 'x'.repeat(1024 ** 2),
  });
  expect(status).toBe(429);
  expect(answer['code']).toBe('resource_exhausted');
});

test('other routes answer as documented', async () => {
  const get = async (path: string) => (await fetch(billaged.url + path)).json();
  expect(await get('/stats')).toEqual({ active_vms: 1, aggregation_interval: '1m0s' });
  expect(await get('/health')).toMatchObject({ status: 'ok', service: 'billaged', version: expect.any(String) });
  expect(await get('/ready')).toEqual({ status: 'ready', service: 'billaged', checks: { ledger: 'ok' } });
});
