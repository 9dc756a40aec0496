import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { FamilySource, MetricFamily, RenderedFamily } from '../exposition/family.ts';
import type { MetricsHandlerOptions } from '../http/metrics-handler.ts';
import { defineScrapeMetrics } from '../http/scrape-metrics.ts';
import { createCatalogue } from '../metrics/catalogue.ts';
import { readSelfMetric, type ServedHandler, scrape, serveHandler } from './testing/scrape-over-http.ts';

const running: ServedHandler[] = [];
afterEach(async () => {
  for (const handler of running.splice(0)) await handler.close();
});

/** Serves sources and nothing else: what the handler says of itself is counted elsewhere. */
async function serve(sources: MetricsHandlerOptions['sources'], options: Partial<MetricsHandlerOptions> = {}) {
  const scrapeMetrics = defineScrapeMetrics(createCatalogue());
  const handler = await serveHandler({ sources, scrapeMetrics, ...options });
  running.push(handler);
  return handler;
}

function gaugeNamed(name: string, seriesCount = 1): MetricFamily {
  const samples = Array.from({ length: seriesCount }, (_, id) => ({ name, labels: { id }, value: id / 3 }));
  return { name, help: '', type: 'gauge', samples };
}

/** Bytes of some megabytes, block by block in one buffer that is written over. */
function bytesNamed(name: string, blockCount = 100): RenderedFamily {
  const block = Buffer.alloc(50_000);
  return {
    name,
    help: '',
    type: 'gauge',
    blocks: {
      *[Symbol.iterator]() {
        for (let number = 0; number < blockCount; number += 1) {
          const line = `${name}{id="${`${number}`.padStart(9, '0')}"} 1.0000\n`;
          const lines = Math.floor(block.length / line.length);
          block.write(line.repeat(lines), 'latin1');
          yield block.subarray(0, lines * line.length);
        }
      },
    },
  };
}

function pageOf(family: RenderedFamily, end = ''): string {
  const blocks = Array.from(family.blocks, (block) => Buffer.from(block).toString());
  return `# TYPE ${family.name} ${family.type}\n${blocks.join('')}${end}`;
}

test('a scraper gets the format that it requests', async () => {
  const samples = [{ name: 'boots_total', labels: {}, value: 3 }];
  const handler = await serve([() => [{ name: 'boots_total', help: 'Boots.', type: 'counter', samples }]]);
  const text = await scrape(handler);
  expect(text).toMatchObject({
    status: 200,
    headers: {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      'content-length': `${text.body.length}`,
      vary: 'Accept, Accept-Encoding',
    },
  });
  expect(text.headers).not.toHaveProperty('content-encoding');
  expect(text.body.toString()).toBe('# HELP boots_total Boots.\n# TYPE boots_total counter\nboots_total 3\n');
  const accept = 'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,text/plain;q=0.4';
  const openMetrics = await scrape(handler, { headers: { accept } });
  expect(openMetrics.headers['content-type']).toBe(
    'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
  );
  expect(openMetrics.body.toString()).toBe('# TYPE boots counter\n# HELP boots Boots.\nboots_total 3\n# EOF\n');
});

test.for([
  ['gzip', gunzipSync],
  ['zstd', zstdDecompressSync],
] as const)('%s makes a page smaller, whole or in chunks, and does not change it', async ([coding, decompress]) => {
  for (const family of [gaugeNamed('vms', 1_000), bytesNamed('usage')]) {
    const handler = await serve([() => [family]]);
    const plain = await scrape(handler);
    const { headers, body } = await scrape(handler, { headers: { 'accept-encoding': coding } });
    expect(headers['content-encoding']).toBe(coding);
    expect(body.length).toBeLessThan(plain.body.length / 3);
    expect(decompress(body).equals(plain.body)).toBe(true);
  }
});

test.for(['gzip', 'zstd'])('the bytes of %s are counted as they go to the connection', async (coding) => {
  for (const family of [gaugeNamed('vms', 1_000), bytesNamed('usage')]) {
    const handler = await serveHandler({ sources: [() => [family]] });
    running.push(handler);
    const { body } = await scrape(handler, { headers: { 'accept-encoding': coding } });
    expect(await readSelfMetric(handler, 'promhttp_metric_handler_response_bytes_total')).toBe(body.length);
  }
});

test('a page that fits into a packet is compressed only if identity is refused', async () => {
  const handler = await serve([() => [gaugeNamed('vms')]]);
  const plain = await scrape(handler, { headers: { 'accept-encoding': 'gzip' } });
  expect(plain.headers).not.toHaveProperty('content-encoding');
  const refusing = await scrape(handler, { headers: { 'accept-encoding': 'gzip, identity;q=0' } });
  expect(refusing.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(refusing.body).equals(plain.body)).toBe(true);
});

test('compression can be switched off', async () => {
  const handler = await serve([() => [gaugeNamed('vms', 1_000)]], { compression: false });
  const { headers } = await scrape(handler, { headers: { 'accept-encoding': 'gzip' } });
  expect(headers).not.toHaveProperty('content-encoding');
});

test('a large page is sent in chunks and other work gets turns in between', async () => {
  const usage = bytesNamed('usage');
  const handler = await serve([() => [usage]]);
  let turns = 0;
  const count = () => {
    turns += 1;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  const { headers, body } = await scrape(handler);
  clearImmediate(immediate);
  expect(headers).toMatchObject({ 'transfer-encoding': 'chunked' });
  expect(headers).not.toHaveProperty('content-length');
  expect(body.toString()).toBe(pageOf(usage));
  // A chunk is 64 KiB.
  expect(turns).toBeGreaterThan(body.length / 65_536);
});

test('concurrent scrapes in different formats share one reading and get whole pages', async () => {
  let asked = 0;
  const gate = Promise.withResolvers<void>();
  const usage = bytesNamed('usage');
  const source: FamilySource = async () => {
    asked += 1;
    await gate.promise;
    return [usage];
  };
  const handler = await serve([source]);
  const openMetrics = { headers: { accept: 'application/openmetrics-text' } };
  const scrapes = [scrape(handler), scrape(handler, openMetrics), scrape(handler), scrape(handler, openMetrics)];
  setTimeout(gate.resolve, 50);
  const pages = (await Promise.all(scrapes)).map(({ body }) => body.toString());
  const [text, om] = [pageOf(usage), pageOf(usage, '# EOF\n')];
  expect(pages.map((page) => page === text || page === om)).toEqual([true, true, true, true]);
  expect(pages.map((page) => page.endsWith('# EOF\n'))).toEqual([false, true, false, true]);
  expect(asked).toBe(1);
});

test.for([
  ['small', gaugeNamed('vms')],
  ['large', bytesNamed('usage')],
] as const)('HEAD of a %s page has the headers of GET and no body', async ([, family]) => {
  const handler = await serve([() => [family]]);
  const get = await scrape(handler);
  const head = await scrape(handler, { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(head.body.length).toBe(0);
  for (const name of ['content-type', 'content-length', 'vary']) expect(head.headers[name]).toBe(get.headers[name]);
});

test('name[] selects metrics by their name in either format', async () => {
  const counter: MetricFamily = { name: 'boots_total', help: '', type: 'counter', samples: [] };
  const handler = await serve([() => [gaugeNamed('vms'), counter, gaugeNamed('hosts'), gaugeNamed('zones')]]);
  const namesOf = async (query: string) => {
    const { body } = await scrape(handler, { path: `/metrics?${query}` });
    return Array.from(body.toString().matchAll(/^# TYPE (\S+)/gm), ([, name]) => name);
  };
  expect(await namesOf('name[]=zones&name[]=vms')).toEqual(['vms', 'zones']);
  expect(await namesOf('name%5B%5D=boots&other=1')).toEqual(['boots_total']);
  expect(await namesOf('name[]=boots_total')).toEqual(['boots_total']);
  expect(await namesOf('name[]=nothing')).toEqual([]);
  expect(await namesOf('name=vms')).toHaveLength(4);
});

test('another method gets 405 with the allowed ones', async () => {
  const { status, headers, body } = await scrape(await serve([]), { method: 'POST' });
  expect(status).toBe(405);
  expect(headers.allow).toBe('GET, HEAD');
  expect(body.toString()).toBe('POST is not allowed; GET and HEAD are\n');
});

test('a source that is added later is on the next page', async () => {
  const sources: FamilySource[] = [];
  const handler = await serve(sources);
  expect((await scrape(handler)).body.toString()).toBe('');
  sources.push(() => [gaugeNamed('vms')]);
  expect((await scrape(handler)).body.toString()).toContain('vms{id="0"} 0\n');
});

test('if nothing could be read the response is an error', async () => {
  const failing: FamilySource = () => Promise.reject(new Error('secret reason'));
  const handler = await serve([failing]);
  const { status, body } = await scrape(handler);
  expect(status).toBe(500);
  expect(body.toString()).toBe('no metric could be read; see the log of the service\n');
  expect(handler.errors.map(({ message }) => message)).toEqual(['source 1 (failing) failed: secret reason']);
});

test('the page has the results of earlier scrapes', async () => {
  const failing = { name: 'fleet', read: () => Promise.reject(new Error('gone')) };
  const handler = await serveHandler({
    sources: [() => [gaugeNamed('vms', 3)], failing, () => [bytesNamed('usage', 1)]],
  });
  running.push(handler);
  const first = (await scrape(handler)).body.toString();
  expect(first).toContain('\npromhttp_metric_handler_requests_in_flight 1\n');
  expect(first).toContain('\npromhttp_metric_handler_requests_total{code="200"} 0\n');
  expect(first).toContain('\npromhttp_metric_handler_series 0\n');
  await scrape(handler, { method: 'POST' });
  await scrape(handler, { path: '/metrics?name[]=vms' });
  const page = (await scrape(handler)).body.toString();
  const seriesCount = first.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
  const filtered = '# TYPE vms gauge\nvms{id="0"} 0\nvms{id="1"} 0.3333333333333333\nvms{id="2"} 0.6666666666666666\n';
  for (const line of [
    'promhttp_metric_handler_requests_in_flight 1',
    'promhttp_metric_handler_requests_total{code="200"} 2',
    'promhttp_metric_handler_requests_total{code="405"} 1',
    'promhttp_metric_handler_requests_total{code="503"} 0',
    'promhttp_metric_handler_errors_total{cause="gathering"} 2',
    'promhttp_metric_handler_errors_total{cause="encoding"} 0',
    'promhttp_metric_handler_aborts_total{cause="disconnected"} 0',
    'promhttp_metric_handler_request_duration_seconds_count 2',
    `promhttp_metric_handler_response_bytes_total ${Buffer.byteLength(first + filtered)}`,
    `promhttp_metric_handler_series ${seriesCount}`,
  ]) {
    expect(page).toContain(`\n${line}\n`);
  }
});

test('scrapes are counted once, in a catalogue among the sources', async () => {
  const catalogue = createCatalogue();
  const scrapeMetrics = defineScrapeMetrics(catalogue);
  const handler = await serveHandler({ sources: catalogue.sources, scrapeMetrics });
  running.push(handler);
  await scrape(handler);
  expect(await readSelfMetric(handler, 'promhttp_metric_handler_requests_total{code="200"}')).toBe(1);
  expect(handler.errors).toEqual([]);
  expect(catalogue.entries.map(({ name }) => name)).toContain('promhttp_metric_handler_series');
});
