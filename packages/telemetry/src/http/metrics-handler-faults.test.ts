import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { FamilySource, RenderedFamily } from '../exposition/family.ts';
import type { MetricsHandlerOptions } from '../http/metrics-handler.ts';
import { beginScrape, readSelfMetric, type ServedHandler, scrape, serveHandler } from './testing/scrape-over-http.ts';

const running: ServedHandler[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const handler of running.splice(0)) await handler.close();
});

async function serve(options: Omit<MetricsHandlerOptions, 'onError'>): Promise<ServedHandler> {
  const handler = await serveHandler(options);
  running.push(handler);
  return handler;
}

async function begin(...args: Parameters<typeof beginScrape>): Promise<Socket> {
  const socket = await beginScrape(...args);
  sockets.push(socket);
  return socket;
}

/** Bytes that no buffer between server and client has room for, and what became of them. */
function largeFamily(blockCount = 1_000, failAt = Number.POSITIVE_INFINITY) {
  const block = Buffer.from(`usage{id="1"} ${'0'.repeat(40)}1\n`.repeat(1_000));
  const state = { isOpen: false, blocksRead: 0 };
  const family: RenderedFamily = {
    name: 'usage',
    help: '',
    type: 'gauge',
    blocks: {
      *[Symbol.iterator]() {
        state.isOpen = true;
        try {
          for (let number = 0; number < blockCount; number += 1) {
            if (number === failAt) throw new Error('the disk is gone');
            state.blocksRead += 1;
            yield block;
          }
        } finally {
          state.isOpen = false;
        }
      },
    },
  };
  return { family, state };
}

const few: FamilySource = () => [
  { name: 'vms', help: '', type: 'gauge', samples: [{ name: 'vms', labels: {}, value: 7 }] },
];
const hanging: FamilySource = () => new Promise(() => undefined);

/** Waits until the handler answers nobody but who asks it this. */
async function untilIdle(handler: ServedHandler): Promise<void> {
  while ((await readSelfMetric(handler, 'promhttp_metric_handler_requests_in_flight')) !== 1) await sleep(10);
}

function abortsOf(handler: ServedHandler, cause: string): Promise<number> {
  return readSelfMetric(handler, `promhttp_metric_handler_aborts_total{cause="${cause}"}`);
}

test('a scraper that stops reading is disconnected and its page is released', async () => {
  const { family, state } = largeFamily();
  const handler = await serve({ sources: [() => [family]], stallTimeoutMs: 100 });
  const socket = await begin(handler);
  await once(socket, 'readable');
  await untilIdle(handler);
  expect(await abortsOf(handler, 'stalled')).toBe(1);
  expect(state.isOpen).toBe(false);
  expect(state.blocksRead).toBeLessThan(1_000);
});

test('a slow scraper gets its whole page', async () => {
  const { family } = largeFamily(400);
  const handler = await serve({ sources: [() => [family]], stallTimeoutMs: 1_000 });
  const socket = await begin(handler, 'accept: application/openmetrics-text\r\nconnection: close\r\n');
  let end = '';
  socket.on('data', (bytes: Buffer) => {
    end = (end + bytes.toString('latin1')).slice(-100);
    socket.pause();
    setTimeout(() => socket.resume(), 2);
  });
  await once(socket, 'end');
  // The last chunk of HTTP is the empty one.
  expect(end).toMatch(/# EOF\n\r\n0\r\n\r\n$/);
  expect(await abortsOf(handler, 'stalled')).toBe(0);
});

test('a scraper that disconnects midway leaves nothing open', async () => {
  const { family, state } = largeFamily();
  const handler = await serve({ sources: [() => [family]] });
  for (const headers of ['', 'accept-encoding: gzip\r\n', 'accept-encoding: zstd\r\n']) {
    const socket = await begin(handler, headers);
    await once(socket, 'readable');
    socket.destroy();
    await untilIdle(handler);
    expect(state.isOpen).toBe(false);
  }
  expect(await abortsOf(handler, 'disconnected')).toBe(3);
  expect(handler.errors).toEqual([]);
});

test('a scraper that disconnects before there is a page is not answered', async () => {
  const asked = Promise.withResolvers<void>();
  const source: FamilySource = () => {
    asked.resolve();
    return new Promise(() => undefined);
  };
  const handler = await serve({ sources: [source], sourceTimeoutMs: 1_000 });
  const socket = await begin(handler);
  await asked.promise;
  socket.destroy();
  await untilIdle(handler);
  expect(await abortsOf(handler, 'disconnected')).toBe(1);
  expect(await readSelfMetric(handler, 'promhttp_metric_handler_requests_total{code="503"}')).toBe(0);
});

test('sources that throw or hang only lose their own metrics and are counted', async () => {
  const throwing: FamilySource = () => {
    throw new Error('no fleet');
  };
  const handler = await serve({ sources: [throwing, hanging, few], sourceTimeoutMs: 50 });
  const { status, body } = await scrape(handler);
  expect(status).toBe(200);
  expect(body.toString()).toContain('\nvms 7\n');
  expect(handler.errors.map(({ message }) => message)).toEqual([
    'source 1 (throwing) failed: no fleet',
    'source 2 (hanging) did not answer within 0.05 s and is left out of the page',
  ]);
  expect(await readSelfMetric(handler, 'promhttp_metric_handler_errors_total{cause="gathering"}')).toBe(2);
});

test('a hanging source takes at most half of the time of the scrape', async () => {
  const handler = await serve({ sources: [hanging, few] });
  const { body } = await scrape(handler, { headers: { 'x-prometheus-scrape-timeout-seconds': '4' } });
  expect(body.toString()).toContain('\nvms 7\n');
  expect(handler.errors[0]?.message).toBe('source 1 (hanging) did not answer within 1.8 s and is left out of the page');
});

test('a scrape that times out before anything was sent is answered 503', async () => {
  // It holds up the whole process: nothing else can answer in time then.
  const blocking: FamilySource = () => {
    const end = performance.now() + 200;
    while (performance.now() < end);
    return [];
  };
  const handler = await serve({ sources: [few, blocking] });
  const { status, headers, body } = await scrape(handler, {
    headers: { 'x-prometheus-scrape-timeout-seconds': '0.1' },
  });
  expect(status).toBe(503);
  expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(body.toString()).toBe('the page was not ready within 0.09 s, which is how long this scrape may take\n');
  expect(await abortsOf(handler, 'timeout')).toBe(1);
});

test.for(['1.0', '1.1'])('a page that times out midway is cut in HTTP/%s', async (version) => {
  const { family } = largeFamily();
  const handler = await serve({ sources: [() => [family]] });
  const socket = await begin(handler, 'x-prometheus-scrape-timeout-seconds: 2\r\n', version);
  const failed = once(socket, 'error');
  await once(socket, 'readable');
  await untilIdle(handler);
  expect(await abortsOf(handler, 'timeout')).toBe(1);
  socket.resume();
  // An end would do by HTTP/1.0; that the connection is reset cannot be taken for one.
  expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
});

test('blocks that fail after some were sent cut the page, earlier only their metric', async () => {
  const late = largeFamily(1_000, 900).family;
  const handler = await serve({ sources: [few, () => [late]] });
  await expect(scrape(handler)).rejects.toThrow('aborted');
  expect(await abortsOf(handler, 'failed')).toBe(1);
  expect(handler.errors.map(({ message }) => message)).toEqual(['metric usage could not be written: the disk is gone']);

  for (const failAt of [0, 1]) {
    const early = largeFamily(1_000, failAt).family;
    const other = await serve({ sources: [() => [early], few] });
    const { status, body } = await scrape(other);
    expect(status).toBe(200);
    expect(body.toString()).toMatch(/^# TYPE vms gauge\nvms 7\n/);
    expect(other.errors).toHaveLength(1);
    expect(await readSelfMetric(other, 'promhttp_metric_handler_errors_total{cause="encoding"}')).toBe(1);
  }
});

test.for([
  ['that end in the middle of a line', 'usage 1\nusa', 'this one ends within a line'],
  ['of another metric', 'vms 1\n', 'its lines begin with "vms 1"'],
  ['of nothing', '', 'this one ends within a line'],
] as const)('blocks %s are left out', async ([, block, reason]) => {
  const family: RenderedFamily = { name: 'usage', help: '', type: 'gauge', blocks: [Buffer.from(block)] };
  const handler = await serve({ sources: [() => [family], few] });
  expect((await scrape(handler)).body.toString()).toMatch(/^# TYPE vms gauge\n/);
  expect(handler.errors.map(({ message }) => message)).toEqual([expect.stringContaining(reason)]);
});

test('of 200 concurrent scrapes, those up to the limit share a reading, others get 503', async () => {
  let asked = 0;
  const gate = Promise.withResolvers<void>();
  const source: FamilySource = async () => {
    asked += 1;
    await gate.promise;
    return few();
  };
  const handler = await serve({ sources: [source], maxInFlight: 10 });
  let refused = 0;
  const answers = await Promise.all(
    Array.from({ length: 200 }, async () => {
      const answer = await scrape(handler);
      if (answer.status === 503) refused += 1;
      if (refused === 190) gate.resolve();
      return answer;
    }),
  );
  const [served, turnedAway] = [200, 503].map((code) => answers.filter(({ status }) => status === code));
  expect([served?.length, turnedAway?.length]).toEqual([10, 190]);
  expect(new Set(served?.map(({ body }) => body.toString())).size).toBe(1);
  expect(served?.[0]?.body.toString()).toContain('\npromhttp_metric_handler_requests_in_flight ');
  expect(turnedAway?.[0]?.headers['retry-after']).toBe('1');
  expect(turnedAway?.[0]?.body.toString()).toBe('10 scrapes are running, which is the limit; retry in 1 s\n');
  expect(asked).toBe(1);
  await untilIdle(handler);
  expect(await readSelfMetric(handler, 'promhttp_metric_handler_requests_total{code="503"}')).toBe(190);
});
