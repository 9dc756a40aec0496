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
    timeScale: 1_000,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
});
afterAll(() => metald.close());

const warning = 'request names no tenant_id in its baggage';

test.for([
  ['the tenant of the baggage', { baggage: 'user_id=u1,tenant_id=acme' }, 'acme'],
  ['a tenant with escapes', { baggage: 'tenant_id=caf%C3%A9%20noir' }, 'café noir'],
  ['the token of a developer', { authorization: 'Bearer dev_customer_initech' }, 'initech'],
  ['both', { baggage: 'tenant_id=acme', authorization: 'Bearer dev_customer_initech' }, 'acme'],
  ['an empty tenant and a token', { baggage: 'tenant_id=', authorization: 'bearer dev_customer_initech' }, 'initech'],
  ['nobody', {}, undefined],
  ['another kind of token', { authorization: 'Bearer eyJhbGciOi' }, undefined],
  ['a token without a customer', { authorization: 'Bearer dev_customer_' }, undefined],
] as const)('a request that names %s is billed to the right one', async ([, headers, customer]) => {
  const before = lines.length;
  const response = await fetch(`${metald.url}/vmprovisioner.v1.VmService/CreateVm`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ config: jsonConfig }),
  });
  expect(response.status).toBe(200);
  const written = lines.slice(before);
  expect(written).toContainEqual(
    expect.objectContaining({ msg: 'vm operation', customer_id: customer ?? 'default-customer' }),
  );
  const warned = written.filter(({ level, msg }) => level === 'warn' && msg === warning);
  expect(warned).toHaveLength(customer === undefined ? 1 : 0);
  expect(JSON.stringify(written)).not.toContain('dev_customer');
});
