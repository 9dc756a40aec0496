import { once } from 'node:events';
import { createServer, request as openRequest, type RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { urlOf } from '../http/listen.ts';
import { type CollectorRequests, type CollectorWatch, watchCollectorRequests } from './collector.ts';

async function listen(onRequest: RequestListener): Promise<string> {
  const server = createServer(onRequest).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return urlOf(server.address());
}

/** A watch that is closed with the test; `retries` is called for each. */
function openWatch(onRetry: () => void = () => undefined): CollectorWatch {
  const watch = watchCollectorRequests(onRetry);
  onTestFinished(() => watch.close());
  return watch;
}

/** Requests something and reads the answer, as an exporter does. @returns the error that it ended with */
function post(url: string, timeout?: number): Promise<Error | undefined> {
  const request = openRequest(url, { method: 'POST', agent: false, ...(timeout === undefined ? {} : { timeout }) });
  request.on('timeout', () => request.destroy(new Error('timeout')));
  return new Promise((resolve) => {
    request.once('error', resolve);
    request.once('response', (response) => response.resume().once('end', () => resolve(undefined)));
    request.end('{}');
  });
}

/** Follows one export of so many requests, one after the other. */
async function follow(watch: CollectorWatch, url: string, options: { requests?: number; timeout?: number } = {}) {
  const { requests: count = 1, timeout } = options;
  let record: CollectorRequests | undefined;
  const errors: (string | undefined)[] = [];
  await new Promise<void>((resolve) => {
    watch.follow(async (requests) => {
      record = requests;
      for (let index = 0; index < count; index += 1) errors.push((await post(url, timeout))?.message);
      resolve();
    });
  });
  return { record, errors };
}

const taken = { count: 1, status: 200, timedOut: false, rejectedSpans: 0, rejectedBecause: '' };
const answer = (status: number, body: string) =>
  listen((_request, response) => void response.writeHead(status).end(body));

test('the status of the last request is noted', async () => {
  expect((await follow(openWatch(), await answer(200, '{}'))).record).toEqual(taken);
  expect((await follow(openWatch(), await answer(503, '{}'))).record).toEqual({ ...taken, status: 503 });
});

test('each request of an export after its first is a retry', async () => {
  let retries = 0;
  const watch = openWatch(() => {
    retries += 1;
  });
  const url = await answer(200, '{}');
  await follow(watch, url);
  await follow(watch, url);
  expect(retries).toBe(0);
  expect((await follow(watch, url, { requests: 3 })).record?.count).toBe(3);
  expect(retries).toBe(2);
});

test('a request outside an export or after the end is not noted', async () => {
  const watch = watchCollectorRequests(() => undefined);
  const url = await answer(200, '{}');
  await post(url);
  watch.close();
  expect((await follow(watch, url)).record).toEqual({ ...taken, count: 0, status: undefined });
});

test('a response that ends after closing is not noted', async () => {
  const watch = watchCollectorRequests(() => undefined);
  const url = await listen((_request, response) => {
    watch.close();
    response.writeHead(500).end();
  });
  expect((await follow(watch, url)).record).toEqual({ ...taken, status: undefined });
});

test('a timeout is noted until the next request', async () => {
  const hanging = await listen(() => undefined);
  const { record, errors } = await follow(openWatch(), hanging, { timeout: 20 });
  expect(record).toEqual({ ...taken, status: undefined, timedOut: true });
  expect(errors).toEqual(['timeout']);

  let requests = 0;
  const url = await listen((_request, response) => {
    requests += 1;
    if (requests === 2) response.writeHead(400).end();
  });
  const second = await follow(openWatch(), url, { requests: 2, timeout: 2_000 });
  expect(second.record).toEqual({ ...taken, count: 2, status: 400 });
});

test('a request without a response clears the status of an earlier one', async () => {
  let requests = 0;
  const url = await listen((request, response) => {
    requests += 1;
    if (requests === 1) response.writeHead(503).end();
    else request.socket.destroy();
  });
  expect((await follow(openWatch(), url, { requests: 2 })).record).toMatchObject({ count: 2, status: undefined });
});

test.for([
  ['a number', '{"partialSuccess":{"rejectedSpans":3,"errorMessage":"too old"}}', 3, 'too old'],
  ['a string', '{"partialSuccess":{"rejectedSpans":"4"}}', 4, ''],
  ['a message alone', '{"partialSuccess":{"errorMessage":"soon full"}}', 0, 'soon full'],
  ['not a number', '{"partialSuccess":{"rejectedSpans":"many"}}', 0, ''],
  ['nothing', '', 0, ''],
  ['null', 'null', 0, ''],
  ['a page', '<html>', 0, ''],
] as const)('rejected spans are read from the response: %s', async ([_what, body, spans, reason]) => {
  const { record } = await follow(openWatch(), await answer(200, body));
  expect(record).toEqual({ ...taken, rejectedSpans: spans, rejectedBecause: reason });
});

test('rejected spans are read from a successful response of up to 64 KiB', async () => {
  const start = '{"partialSuccess":{"rejectedSpans":5},"rest":"';
  const bodyOf = (bytes: number) => `${start}${'x'.repeat(bytes - start.length - 2)}"}`;
  const rejected = async (status: number, body: string) =>
    (await follow(openWatch(), await answer(status, body))).record?.rejectedSpans;
  expect(await rejected(200, bodyOf(64 * 1024))).toBe(5);
  expect(await rejected(200, bodyOf(64 * 1024 + 1))).toBe(0);
  expect(await rejected(400, bodyOf(100))).toBe(0);
});

test('a response over 64 KiB is not read, although it begins with complete JSON', async () => {
  // JSON allows any amount of white space after the object.
  const body = '{"partialSuccess":{"rejectedSpans":5}}'.padEnd(64 * 1024 + 1);
  expect((await follow(openWatch(), await answer(200, body))).record).toEqual(taken);
  expect((await follow(openWatch(), await answer(200, body.slice(0, -1)))).record?.rejectedSpans).toBe(5);
});

test('a response in several chunks is read as one', async () => {
  const url = await listen(async (_request, response) => {
    response.writeHead(200).write('{"partialSuccess":');
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.end('{"rejectedSpans":2}}');
  });
  expect((await follow(openWatch(), url)).record?.rejectedSpans).toBe(2);
});

test('abandoning ends open requests and every later one', async () => {
  const watch = openWatch();
  const hanging = await listen(() => watch.abandon());
  expect((await follow(watch, hanging)).errors).toEqual(['telemetry is closed']);
  expect((await follow(watch, await answer(200, '{}'))).errors).toEqual(['telemetry is closed']);
});
