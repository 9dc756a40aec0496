import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { createElasticsearchStore } from './elasticsearch-store.ts';
import type { FileLine, LogStore } from './log-store.ts';

/*
 * What a real OpenSearch does not do on request: the double answers as the documentation of the two requests has it.
 * test/stack/opensearch.test.ts has the real one.
 */

const lines: readonly FileLine[] = [1, 2].map((number) => ({
  text: `{"timestamp":"2026-11-30T12:00:00Z","service":"metald","service.instance.id":"a","log.seq":${number}}`,
  file: 'metald.log',
}));

/** @param answers to the requests in their order; the last one again for those after it */
async function startStore(...answers: readonly object[]): Promise<{ store: LogStore; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const answer = answers[Math.min(bodies.length, answers.length - 1)];
    bodies.push(await text(request));
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { store: createElasticsearchStore(url, { retryMs: 1 }), bodies };
}

const bulk = (...statuses: readonly number[]) => ({
  items: statuses.map((status) => ({ create: { status, error: { reason: `reason of ${status}` } } })),
});

test('lines that a busy store refuses are sent again', async () => {
  const { store, bodies } = await startStore(bulk(201, 429), bulk(429, 429), bulk(409, 201));
  await store.send(lines);
  expect(bodies).toHaveLength(3);
  expect(new Set(bodies).size).toBe(1);
});

test('a store that stays busy is an error that says so', async () => {
  const { store, bodies } = await startStore(bulk(201, 429));
  await expect(store.send(lines)).rejects.toThrow('refused a line with 429: reason of 429');
  expect(bodies).toHaveLength(6);
});

test('a line that the store does not take is an error at once', async () => {
  const { store, bodies } = await startStore(bulk(400, 429));
  await expect(store.send(lines)).rejects.toThrow('refused a line with 400: reason of 400');
  expect(bodies).toHaveLength(1);
});

test('more reports of lost lines than are read is an error, not lines that are missing', async () => {
  const reports = Array.from({ length: 10_000 }, () => ({ _source: { 'log.seq': 3, lost_sequences: '1-2' } }));
  const { store } = await startStore({ hits: { hits: reports.slice(1) } }, { hits: { hits: reports } });
  const process = { instance: 'a', service: 'metald', lines: 1, distinct: 1, first: 3, last: 3, newest: 0 };
  expect(await store.readLostSequences(process, 0)).toEqual([{ first: 1, last: 2 }]);
  await expect(store.readLostSequences(process, 0)).rejects.toThrow('10,000 reports of lost lines');
});
