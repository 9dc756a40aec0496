import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A store in front of which things go wrong. */
export interface TroubledStore {
  readonly url: string;
  /** Bulks of which the store took a part and refused the rest for want of room. */
  readonly halves: () => number;
  /** Bulks that the store took, of which the sender was not told. */
  readonly unanswered: () => number;
  close(): Promise<void>;
}

/** How many writers keep the store busy: its `write` queue is full with them and half a bulk. */
const otherWriters = 3;

/**
 * Stands between a sender of bulks and a store. Other writers keep the store busy until it has refused a part of a bulk; the
 * answer to the first bulk that it then takes whole is lost.
 */
export async function startTroubledStore(store: string): Promise<TroubledStore> {
  let halves = 0;
  let unanswered = 0;
  let isClosing = false;
  const others = Array.from({ length: otherWriters }, () => keepBusy(store, () => halves > 0 || isClosing));
  const pass = async (body: string, response: ServerResponse) => {
    const answer = await postBulk(store, body);
    const statuses = new Set([...answer.matchAll(/"status":(\d+)/g)].map(([, status]) => status));
    if (statuses.has('429') && statuses.has('201')) halves += 1;
    // The next bulk finds the store without the others.
    if (halves > 0) await Promise.all(others);
    if (halves > 0 && unanswered === 0 && !statuses.has('429')) {
      unanswered += 1;
      response.destroy();
    } else response.setHeader('content-type', 'application/json').end(answer);
  };
  const server = createServer(async (request, response) => await pass(await text(request), response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    halves: () => halves,
    unanswered: () => unanswered,
    async close() {
      isClosing = true;
      await Promise.all(others);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function keepBusy(store: string, isEnough: () => boolean): Promise<void> {
  const body = '{"index":{"_index":"of-others"}}\n{"msg":"something else"}\n'.repeat(1_000);
  while (!isEnough()) await postBulk(store, body);
}

async function postBulk(store: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const response = await fetch(`${store}/_bulk`, { method: 'POST', headers, body });
  return await response.text();
}
