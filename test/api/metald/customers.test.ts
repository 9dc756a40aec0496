import { type Metald, startMetald } from '@vmobs/metald-sim';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonConfig } from './clients.ts';

let metald: Metald;
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  metald = await startMetald({
    port: 0,
    metricsPort: 0,
    billingEnabled: false,
    simControl: true,
    timeScale: 1_000,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
});
afterAll(() => metald.close());

type Headers = Readonly<Record<string, string>>;

async function call(method: string, headers: Headers, request: object): Promise<unknown> {
  const response = await fetch(`${metald.url}/vmprovisioner.v1.VmService/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(request),
  });
  expect(response.status).toBe(200);
  return response.json();
}

async function createVm(headers: Headers): Promise<string> {
  const { vmId } = Object(await call('CreateVm', headers, { config: jsonConfig }));
  return String(vmId);
}

/** Who the samples of a VM are counted for. */
async function customerInTruth(vmId: string): Promise<unknown> {
  const page = await (await fetch(`${metald.url}/sim/truth`)).text();
  const { vms }: { vms: Record<string, unknown>[] } = JSON.parse(page);
  return vms.find(({ vm_id }) => vm_id === vmId)?.['customer_id'];
}

const warning = 'no tenant_id in the baggage of a request: the default customer is billed';
const acme = { baggage: 'user_id=u1,tenant_id=acme' };
const nobody = {};

test.for([
  ['the tenant of the baggage', acme, 'acme'],
  ['a tenant with escapes', { baggage: 'tenant_id=caf%C3%A9%20noir' }, 'café noir'],
  ['the token of a developer', { authorization: 'Bearer dev_customer_initech' }, 'initech'],
  ['both', { ...acme, authorization: 'Bearer dev_customer_initech' }, 'acme'],
  ['an empty tenant and a token', { baggage: 'tenant_id=', authorization: 'bearer dev_customer_initech' }, 'initech'],
  ['nobody', nobody, 'default-customer'],
  ['another kind of token', { authorization: 'Bearer eyJhbGciOi' }, 'default-customer'],
  ['a token without a customer', { authorization: 'Bearer dev_customer_' }, 'default-customer'],
] as const)('a boot that names %s is billed to the right one', async ([, headers, customer]) => {
  const before = lines.length;
  const vmId = await createVm(nobody);
  await call('BootVm', headers, { vmId });
  await expect.poll(() => customerInTruth(vmId)).toBe(customer);
  const written = lines.slice(before);
  expect(written).toContainEqual(
    expect.objectContaining({ msg: 'vm operation', operation: 'boot', vm_id: vmId, customer_id: customer }),
  );
  expect(written.filter(({ level }) => level === 'warn')).toEqual(
    customer === 'default-customer'
      ? [expect.objectContaining({ msg: warning, operation: 'boot', vm_id: vmId, customer_id: customer })]
      : [],
  );
  expect(JSON.stringify(written)).not.toContain('dev_customer');
  await call('DeleteVm', nobody, { vmId, force: true });
});

test.for([
  ['whoever created it when its boot names nobody', acme, nobody, 'acme'],
  ['whoever booted it when another created it', acme, { baggage: 'tenant_id=globex' }, 'globex'],
] as const)('a VM is billed to %s', async ([, creator, booter, customer]) => {
  const before = lines.length;
  const vmId = await createVm(creator);
  await call('BootVm', booter, { vmId });
  await expect.poll(() => customerInTruth(vmId)).toBe(customer);
  await call('RebootVm', { baggage: 'tenant_id=initech' }, { vmId });
  expect(await customerInTruth(vmId)).toBe(customer);
  expect(lines.slice(before).filter(({ level }) => level === 'warn')).toEqual([]);
  await call('DeleteVm', nobody, { vmId, force: true });
});
