import { Code } from '@connectrpc/connect';
import { readMetric, scrape, untilReady } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { vmClient } from '../../support/clients.ts';
import { startCommandInTest } from '../../support/command.ts';
import { type MalformedBytes, type MalformedRequest, malformedRequests } from './malformed-requests.ts';
import { createRoughClient, type RoughAnswer } from './rough-client.ts';

const count = 10_000;
const atATime = 24;

/** What a client can be told of a request that is its own fault, as Connect names it. */
const documented = ['invalid_argument', 'not_found', 'resource_exhausted', 'unimplemented', 'deadline_exceeded'];

/** And as HTTP names it, where a request is none of an RPC. 0 is a connection that was closed. */
const statuses = [0, 400, 404, 405, 408, 413, 414, 415, 417, 429, 431];

/** What is wrong with an answer, if anything is. */
function findFault({ kind }: MalformedRequest | MalformedBytes, answer: RoughAnswer): string | undefined {
  const { status, grpcStatus, body } = answer;
  if (grpcStatus !== undefined) {
    const name = (Code[grpcStatus] ?? 'ok').replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
    return grpcStatus === 0 || documented.includes(name) ? undefined : `gRPC status ${name}`;
  }
  // Nonsense can be a request by chance: an unknown field is ignored, and an empty list is an answer.
  if (status === 200 || kind === 'bytes') return status >= 500 ? `HTTP status ${status}` : undefined;
  const code = /^\{"code":"(\w+)","message":".+"\}$/s.exec(body)?.[1];
  if (code !== undefined) return documented.includes(code) ? undefined : `code ${code}`;
  return statuses.includes(status) ? undefined : `HTTP status ${status}`;
}

test(`${count} malformed requests get documented errors and leave nothing behind`, { timeout: 180_000 }, async () => {
  // Garbage is collected early, so that what stays is what is kept; a process that keeps requests would end for lack of memory.
  const env = { NODE_OPTIONS: '--max-old-space-size=128 --max-semi-space-size=4' };
  const metald = startCommandInTest('metald-sim', ['--port=0', '--metrics-port=0', '--no-billing'], env);
  const { url, metricsUrl } = await untilReady(metald);
  const client = createRoughClient(url);
  onTestFinished(() => client.close());

  const faults: unknown[] = [];
  async function send(requests: readonly (MalformedRequest | MalformedBytes)[]): Promise<void> {
    const rest = requests.values();
    const worker = async () => {
      for (const request of rest) {
        const answer = await client.send(request);
        const fault = findFault(request, answer);
        if (fault !== undefined) faults.push({ fault, request, answer });
      }
    };
    await Promise.all(Array.from({ length: atATime }, worker));
  }
  const read = async (metric: string) => readMetric(await scrape(metricsUrl), metric);

  const requests = malformedRequests(count, 20_250_612);
  // What a process takes once, for its code and its caches, is no growth.
  await send(requests.slice(0, 4_000));
  const memoryBefore = await read('process_resident_memory_bytes');
  await send(requests.slice(4_000));
  expect(faults.slice(0, 5)).toEqual([]);
  expect(faults).toHaveLength(0);

  client.close();
  // The connections of this test, the scrape, and what the process always has.
  await expect.poll(() => read('metald_go_goroutines')).toBeLessThan(20);
  expect((await read('process_resident_memory_bytes')) - memoryBefore).toBeLessThan(64 * 1024 ** 2);
  expect(await read('metald_errors_total')).toBe(0);
  expect(await read('metald_vms_total')).toBe(0);
  expect((await vmClient(url).listVms({})).totalCount).toBe(0);
  expect(metald.log().filter(({ level, code }) => level === 'error' && !documented.includes(String(code)))).toEqual([]);
  metald.signal('SIGTERM');
  expect(await metald.ended()).toMatchObject({ status: 0, stderr: '' });
});
