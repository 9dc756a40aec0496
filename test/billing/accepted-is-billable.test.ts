import { Code, ConnectError } from '@connectrpc/connect';
import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { billingClient, validConfig, vmClient } from '../support/clients.ts';

let billaged: Billaged;
let metald: Metald;

beforeAll(async () => {
  const ports = { port: 0, metricsPort: 0, logLevel: 'silent' } as const;
  billaged = await startBillaged(ports);
  metald = await startMetald({ ...ports, billingEnabled: false, timeScale: 1_000, maxVms: 5_000 });
});
afterAll(() => Promise.all([metald.close(), billaged.close()]));

/** A VM that a client asks for. */
interface Request {
  readonly tenant: string;
  readonly memoryBytes: bigint;
  readonly vcpus: number;
}

const ordinary: Request = { tenant: 'acme', memoryBytes: 1024n ** 3n, vcpus: 2 };

function headersOf({ tenant }: Request) {
  return { baggage: `tenant_id=${encodeURIComponent(tenant)}` };
}

/** Creates a VM as a client does. @returns its id, or the error of the refusal */
async function create(request: Request): Promise<string | ConnectError> {
  const { memoryBytes: sizeBytes, vcpus } = request;
  const config = { ...validConfig, cpu: { vcpuCount: vcpus, maxVcpuCount: 0 }, memory: { sizeBytes } };
  try {
    return (await vmClient(metald.url).createVm({ config }, { headers: headersOf(request) })).vmId;
  } catch (error) {
    return ConnectError.from(error);
  }
}

/** Bills what a VM uses that has been busy for an hour with all its memory in use. */
async function billAnHour(vmId: string, { tenant, memoryBytes, vcpus }: Request) {
  return billingClient(billaged.url).sendMetricsBatch({
    vmId,
    customerId: tenant,
    metrics: [
      {
        timestamp: { seconds: 1_700_000_000n, nanos: 0 },
        cpuTimeNanos: BigInt(vcpus) * 3_600_000_000_000n,
        memoryUsageBytes: memoryBytes,
      },
    ],
  });
}

test.for<[string, Partial<Request>]>([
  ['a tenant of 129 characters', { tenant: 'a'.repeat(129) }],
  ['a tenant of 200 characters outside of ASCII', { tenant: 'é'.repeat(200) }],
  ['a tenant that is longer than baggage may be', { tenant: 'a'.repeat(5_000) }],
  ['a tenant with a line feed', { tenant: 'acme\nevil' }],
  ['a tenant with a NUL', { tenant: 'acme\0' }],
  ['a tenant with a control character of C1', { tenant: 'acme\u0085' }],
  ['memory of 2^53 bytes', { memoryBytes: 2n ** 53n }],
  ['memory of 2^57 bytes', { memoryBytes: 2n ** 57n }],
  ['memory of 2^63 - 1 bytes', { memoryBytes: 2n ** 63n - 1n }],
  ['256 processors', { vcpus: 256 }],
  ['2^31 - 1 processors', { vcpus: 2 ** 31 - 1 }],
])('metald refuses a VM that cannot be billed: %s', async ([, wrong]) => {
  expect(await create({ ...ordinary, ...wrong })).toMatchObject({ code: Code.InvalidArgument });
});

test.for([
  ['a tenant', { baggage: `tenant_id=${'a'.repeat(129)}` }],
  ['a development token', { authorization: `Bearer dev_customer_${'a'.repeat(129)}` }],
] as const)('metald does not boot a VM for %s that cannot be billed', async ([, headers]) => {
  const client = vmClient(metald.url);
  const { vmId } = await client.createVm({ config: validConfig });
  const refused = { code: Code.InvalidArgument };
  await expect(client.bootVm({ vmId }, { headers })).rejects.toMatchObject(refused);
  await expect(client.createVm({ config: validConfig }, { headers })).rejects.toMatchObject(refused);
  expect((await client.getVmInfo({ vmId })).metrics).toBeUndefined();
});

const tenants = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 140 }),
  fc.string({ unit: 'grapheme', minLength: 120, maxLength: 132 }),
  fc.integer({ min: 1, max: 200 }).map((length) => 'x'.repeat(length)),
);
const around = (bits: number) => fc.bigInt(2n ** BigInt(bits) - 3n, 2n ** BigInt(bits) + 2n);
const requests: fc.Arbitrary<Request> = fc.record({
  tenant: fc.oneof(fc.constant('acme'), tenants),
  memoryBytes: fc.oneof(around(30), around(53), fc.bigInt(1n, 2n ** 63n - 1n)),
  vcpus: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 31 - 1 })),
});

test('whatever CreateVm accepts, billaged bills', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async (request) => {
      const created = await create(request);
      if (created instanceof ConnectError) expect(created.code).toBe(Code.InvalidArgument);
      else expect(await billAnHour(created, request)).toMatchObject({ success: true });
    }),
    { numRuns: 150, examples: [[{ tenant: 'x'.repeat(128), memoryBytes: 2n ** 53n - 1n, vcpus: 255 }]] },
  );
});

test('the memory of a VM is listed to the byte', async () => {
  const client = vmClient(metald.url);
  for (const memoryBytes of [1n, 2n ** 40n + 1n, 2n ** 53n - 1n]) {
    const vmId = await create({ ...ordinary, memoryBytes });
    if (vmId instanceof ConnectError) throw vmId;
    const { vms } = await client.listVms({ pageSize: 1_000 });
    expect(vms.find((vm) => vm.vmId === vmId)?.memorySizeBytes).toBe(memoryBytes);
    expect((await client.getVmInfo({ vmId })).config?.memory?.sizeBytes).toBe(memoryBytes);
  }
});
