import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createStatusReader } from './status.ts';

/** A page of metrics with a number of RPCs; `undefined` is no answer. */
async function startPages(rpcs: readonly (number | undefined)[]) {
  const pages = [...rpcs];
  const server = createServer((request, response) => {
    const count = pages.shift();
    if (count === undefined) request.destroy();
    else response.end(`metald_api_requests_total{code="ok"} ${count}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  // It listens on an address, not on a path.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.for([
  ['does not answer', [1_000, undefined, 1_500], [false, false, true]],
  ['is restarted', [1_000, 3, 500], [false, false, true]],
  ['is gone at first', [undefined, 1_000, 1_500], [false, false, true]],
] as const)('a metald that %s has no rate then, never a negative one', async ([, rpcs, expected]) => {
  const reader = createStatusReader({
    metaldMetricsUrl: await startPages(rpcs),
    billagedMetricsUrl: 'http://127.0.0.1:1',
    traffic: { failures: { count: 0, last: '' }, stop: async () => undefined },
  });
  const rates: number[] = [];
  for (const _ of rpcs) rates.push((await reader.read()).rpcsPerSecond);
  expect(rates.map((rate) => rate > 0)).toEqual(expected);
  expect(Math.min(...rates)).toBe(0);
});
