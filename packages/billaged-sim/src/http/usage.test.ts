import { expect, test } from 'vitest';
import { LedgerUnavailableError, type PeriodUsage, type UsagePage, type UsageQuery } from '../ledger/ledger.ts';
import { createFakeLedger } from '../rpc/testing/fake-ledger.ts';
import { startTestApi } from '../rpc/testing/start-test-api.ts';
import { mostQueries } from './usage.ts';

const GiB = 1024n ** 3n;

const used: PeriodUsage = {
  vmId: 'ud-1',
  customerId: 'acme, "the" customer',
  firstNanos: 1_769_860_800_000_000_001n,
  lastNanos: 1_769_864_399_900_000_000n,
  sampleCount: 600,
  gaps: 1,
  growth: {
    cpuNanos: 9_007_199_254_740_993_000n,
    diskReadBytes: 1024n ** 2n,
    diskWriteBytes: 2n * 1024n ** 2n,
    networkRxBytes: 3n,
    networkTxBytes: 4n,
  },
  memorySumBytes: 600n * GiB,
  memoryMaxBytes: 2n * GiB,
  memoryByteMillis: 1_234_567n,
  isInterpolated: false,
};

const row = {
  vm_id: 'ud-1',
  customer_id: 'acme, "the" customer',
  first_sample: '2026-01-31T12:00:00.000000001Z',
  last_sample: '2026-01-31T12:59:59.900000000Z',
  samples: 600,
  gaps: 1,
  cpu_time_nanos: '9007199254740993000',
  memory_byte_seconds: '1234.567',
  max_memory_bytes: '2147483648',
  disk_read_bytes: '1048576',
  disk_write_bytes: '2097152',
  network_rx_bytes: '3',
  network_tx_bytes: '4',
  // 9007199254.74 CPU seconds, half of 2 GiB, 0.3 of 3 MiB.
  resource_score: '9007199256.64',
  interpolated: false,
};

/** The API in front of a ledger that answers with these pages, one after the other, and notes what it was asked. */
async function startUsage(...pages: readonly UsagePage[]) {
  const asked: UsageQuery[] = [];
  const usage = async (query: UsageQuery) => {
    asked.push(query);
    return pages[asked.length - 1] ?? { rows: [], next: undefined };
  };
  const api = await startTestApi({ ledger: createFakeLedger({ usage }) });
  return { api, asked, get: (query = '', headers = {}) => fetch(`${api.url}/v1/usage${query}`, { headers }) };
}

const onePage = { rows: [used], next: undefined };

test('usage is JSON, with amounts as strings because a number would round them', async () => {
  const { get, asked } = await startUsage(onePage);
  const response = await get('?customer_id=acme&vm_id=ud-1&from=2026-01-01&to=2026-02-01T01:00:05%2B01:00');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ usage: [row], next_page_token: '' });
  expect(asked).toEqual([
    {
      customerId: 'acme',
      vmId: 'ud-1',
      fromSeconds: Date.parse('2026-01-01T00:00:00Z') / 1_000,
      toSeconds: Date.parse('2026-02-01T00:00:05Z') / 1_000,
      after: undefined,
      limit: 1_000,
    },
  ]);
});

test.for([
  ['?format=csv', {}],
  ['', { accept: 'text/csv' }],
] as const)('usage is given as CSV when asked with "%s" and %o', async ([query, headers]) => {
  const { get } = await startUsage(onePage);
  const response = await get(query, headers);
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
  const fields = Object.values({ ...row, customer_id: '"acme, ""the"" customer"' });
  expect(await response.text()).toBe(`${Object.keys(row).join(',')}\r\n${fields.join(',')}\r\n`);
});

test('the format of the query takes precedence over the header', async () => {
  const { get } = await startUsage(onePage);
  expect(await (await get('?format=json', { accept: 'text/csv' })).json()).toMatchObject({ usage: [row] });
});

test('a page token leads to the next page', async () => {
  const { get, asked } = await startUsage(
    { rows: [used], next: 'ud-1\u0000ä' },
    { rows: [used], next: 'ud-2' },
    onePage,
  );
  const first = (await (await get('?page_size=1')).json()) as { next_page_token: string };
  expect(first.next_page_token).toMatch(/^[\w-]+$/);
  const second = await get(`?page_size=1&format=csv&page_token=${first.next_page_token}`);
  const token = second.headers.get('next-page-token');
  expect(await (await get(`?page_size=1&page_token=${token}`)).json()).toMatchObject({ next_page_token: '' });
  expect(asked.map(({ after, limit }) => [after, limit])).toEqual([
    [undefined, 1],
    ['ud-1\u0000ä', 1],
    ['ud-2', 1],
  ]);
});

test.for([
  ['from=2026-02-31', /^invalid from "2026-02-31": a time since 1970/],
  ['from=yesterday', /^invalid from "yesterday": a time since 1970/],
  ['to=1969-12-31', /^invalid to ".*": a time since 1970/],
  ['to=2026-01-01T00:00:00+01:00', /in a URL, write \+ as %2B$/],
  ['from=2026-01-01T00:00', /^invalid from ".*": a time since 1970/],
  ['from=2026-01-01T00:30:00.5Z', /^invalid from ".*": only whole seconds/],
  ['from=2026-01-02&to=2026-01-02', /^from must be before to/],
  ['customer_id=', /^invalid customer_id: an id has 1 to 128/],
  [`vm_id=${'x'.repeat(129)}`, /^invalid vm_id: an id has/],
  ['vm_id=a&vm_id=b', /^vm_id is given more than once/],
  ['page_size=0', /^invalid page_size "0": an integer from 1 to 10000$/],
  ['page_size=10001', /^invalid page_size/],
  ['page_size=ten', /^invalid page_size/],
  ['page_token=***', /^unknown page_token/],
  ['format=xml', /^invalid format "xml": json or csv$/],
  ['customer=acme', /^unknown parameter customer; allowed are customer_id, /],
] as const)('%s is refused, and the answer says what to change', async ([query, message]) => {
  const { get, asked } = await startUsage(onePage);
  const response = await get(`?${query}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({ code: 'invalid_argument', message: expect.stringMatching(message) });
  expect(asked).toEqual([]);
});

test.for([
  [new LedgerUnavailableError('the disk fails'), 503, '1', 'the ledger is unavailable: the disk fails'],
  [new Error('a secret'), 500, null, 'the ledger failed'],
] as const)('a ledger that fails with %s is reported', async ([error, status, retryAfter, message]) => {
  const api = await startTestApi({ ledger: createFakeLedger({ usage: () => Promise.reject(error) }) });
  const response = await fetch(`${api.url}/v1/usage`);
  expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter]);
  expect(await response.json()).toMatchObject({ message });
  expect(await api.metric('billaged_errors_total{component="ledger"}')).toBe(1);
});

test('more queries than are answered at a time are told to try again', async () => {
  const asked: ((page: UsagePage) => void)[] = [];
  const usage = () => new Promise<UsagePage>((resolve) => asked.push(resolve));
  const api = await startTestApi({ ledger: createFakeLedger({ usage }) });
  const get = () => fetch(`${api.url}/v1/usage`);
  const waiting = Array.from({ length: mostQueries }, get);
  await expect.poll(() => asked.length, { timeout: 60_000 }).toBe(mostQueries);
  const refused = await get();
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  expect(await refused.json()).toMatchObject({ code: 'resource_exhausted' });
  for (const answer of asked.splice(0)) answer(onePage);
  for (const response of await Promise.all(waiting)) expect(await response.json()).toMatchObject({ usage: [row] });
  const next = get();
  await expect.poll(() => asked.length, { timeout: 60_000 }).toBe(1);
  asked[0]?.(onePage);
  expect((await next).status).toBe(200);
  expect(await api.metric('billaged_errors_total{component="ledger"}')).toBe(0);
});

test.for(['json', 'csv'])('a page of many rows in %s is whole', async (format) => {
  const rows = Array.from({ length: 1_001 }, (_, index) => ({ ...used, vmId: `ud-${index}` }));
  const { get } = await startUsage({ rows, next: undefined });
  const page = await (await get(`?format=${format}`)).text();
  const ids = format === 'json' ? JSON.parse(page).usage.map((row: { vm_id: string }) => row.vm_id) : idsOf(page);
  expect(ids).toEqual(rows.map(({ vmId }) => vmId));
});

const idsOf = (csv: string) =>
  csv
    .split('\r\n')
    .slice(1, -1)
    .map((line) => line.split(',', 1)[0]);
