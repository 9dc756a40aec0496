import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import type { LogStore, StoredProcess } from './log-store.ts';
import { createLokiStore } from './loki-store.ts';

/*
 * Loki itself is not run here. The double has lines in memory and answers the two requests as Loki's documentation has it:
 * GET /loki/api/v1/query_range, forward and by pages, and POST /loki/api/v1/push.
 */

interface Line {
  readonly nanoseconds: bigint;
  readonly labels: Readonly<Record<string, string>>;
  readonly text: string;
}

const start = Date.parse('2026-11-30T12:00:00Z');

async function startLoki(lines: Line[]): Promise<LogStore> {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost');
    if (pathname === '/loki/api/v1/push') {
      const { streams } = (await json(request)) as {
        streams: { stream: Record<string, string>; values: [string, string, Record<string, string>][] }[];
      };
      for (const { stream, values } of streams)
        for (const [time, text, metadata] of values)
          lines.push({ nanoseconds: BigInt(time), labels: { ...stream, ...metadata }, text });
      response.writeHead(204).end();
      return;
    }
    const limit = Number(searchParams.get('limit'));
    const [, instance] = /service_instance_id="(.*)"/.exec(searchParams.get('query') ?? '') ?? [];
    const found = lines
      .filter(({ nanoseconds, labels }) => {
        const isAsked = instance === undefined || labels['service_instance_id'] === instance;
        return isAsked && nanoseconds >= BigInt(searchParams.get('start') ?? '') && labels['log_seq'] !== undefined;
      })
      .slice(0, limit);
    const result = found.map(({ nanoseconds, labels, text }) => ({
      stream: labels,
      values: [[`${nanoseconds}`, text]],
    }));
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'streams', result } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return createLokiStore(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** A line a millisecond, as the collector sends them. */
function lineOf(sequence: number, { instance = 'a', more = {} } = {}): Line {
  const labels = { service_name: 'metald', service_instance_id: instance, log_seq: String(sequence), ...more };
  return { nanoseconds: BigInt(start + sequence) * 1_000_000n, labels, text: 'm' };
}

const processOf = async (store: LogStore): Promise<StoredProcess> => {
  const [process] = await store.readProcesses(start);
  if (process === undefined) throw new Error('no process');
  return process;
};

test('processes are found with their first, last and newest line, over many pages', async () => {
  const numbers = Array.from({ length: 12_000 }, (_, index) => index + 1).filter((number) => number !== 7_000);
  const store = await startLoki(numbers.map((number) => lineOf(number)));
  expect(await store.readProcesses(start)).toEqual([
    {
      instance: 'a',
      service: 'metald',
      lines: 11_999,
      distinct: 11_999,
      first: 1,
      last: 12_000,
      newest: start + 12_000,
    },
  ]);
  expect(await store.readSequences(await processOf(store), start)).toEqual([
    { first: 1, last: 6_999 },
    { first: 7_001, last: 12_000 },
  ]);
});

test('each process has its own lines, those since then alone, and what it says is lost', async () => {
  const lost = { destination: 'file', lost_sequences: '3-4' };
  const store = await startLoki([lineOf(1), lineOf(2, { instance: 'b' }), lineOf(5, { more: lost })]);
  expect((await store.readProcesses(start + 2)).map(({ instance, first }) => [instance, first])).toEqual([
    ['b', 2],
    ['a', 5],
  ]);
  expect(await store.readLostSequences(await processOf(store), start)).toEqual([{ first: 3, last: 4 }]);
});

test('a line that is sent is found again', async () => {
  const lines: Line[] = [];
  const store = await startLoki(lines);
  const text = `{"level":"info","timestamp":"2026-11-30T12:00:00.005+00:00","service":"metald","service.instance.id":"a","http":{"status":200},"msg":"m","log.seq":5}`;
  await store.send([{ text, file: 'metald.log' }]);
  expect(lines).toEqual([lineOf(5, { more: { level: 'info', http_status: '200', log_file_name: 'metald.log' } })]);
});

test('lines whose number or process is none of telemetry are passed over', async () => {
  const foreign = [{ log_seq: 'third' }, { log_seq: '0' }, { log_seq: '1.5' }, { service_instance_id: '' }];
  const store = await startLoki([lineOf(1), ...foreign.map((more) => lineOf(2, { more })), lineOf(3)]);
  expect(await store.readProcesses(start)).toMatchObject([{ instance: 'a', lines: 2, first: 1, last: 3 }]);
  expect(await store.readSequences(await processOf(store), start)).toEqual([
    { first: 1, last: 1 },
    { first: 3, last: 3 },
  ]);
});
