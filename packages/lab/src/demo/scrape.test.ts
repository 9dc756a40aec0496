import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { readPage, scrape, sumOf } from './scrape.ts';

const text = `# HELP vms_total VMs by state
# TYPE vms_total gauge
vms_total{state="running"} 3
vms_total{state="shut down"} 2
vms_total_seen 100
rpcs_total 1.5e3
load NaN
`;

test('parsing a page keeps series as written, spaces included, and skips comments', () => {
  expect([...readPage(text)]).toEqual([
    ['vms_total{state="running"}', 3],
    ['vms_total{state="shut down"}', 2],
    ['vms_total_seen', 100],
    ['rpcs_total', 1_500],
    ['load', Number.NaN],
  ]);
  expect(readPage('').size).toBe(0);
});

test('the sum of a metric covers its series and none of a metric with a longer name', () => {
  const page = readPage(text);
  expect(sumOf(page, 'vms_total')).toBe(5);
  expect(sumOf(page, 'vms_total_seen')).toBe(100);
  expect(sumOf(page, 'rpcs_total')).toBe(1_500);
  expect(sumOf(page, 'vms')).toBe(0);
});

test('a service is scraped in the text format', async () => {
  const requests: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url, request.headers.accept);
    response.end(text);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    expect((await scrape(url)).get('vms_total{state="running"}')).toBe(3);
    expect(requests).toEqual(['/metrics', 'text/plain']);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
  expect((await scrape(url)).size).toBe(0);
});
