import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** How a bulk is answered, other than by taking all of it. */
export interface Mishap {
  /** What is said of the document with this number in the bulk, from 0, which is not taken then. */
  readonly refuse?: { readonly nth: number; readonly status: number; readonly type: string };
  /** The bulk is taken, and the connection ends before the answer: what a request_timeout looks like. */
  readonly noAnswer?: boolean;
}

/** Answers bulks as Elasticsearch 8 does. */
export interface StoreDouble {
  readonly url: string;
  /** The documents that are stored. */
  readonly documents: () => readonly Readonly<Record<string, unknown>>[];
  /** The next bulk meets with this. */
  meetWith(mishap: Mishap): void;
  close(): Promise<void>;
}

/** Starts one on a free port. */
export async function startStoreDouble(): Promise<StoreDouble> {
  const stored = new Map<string, Readonly<Record<string, unknown>>>();
  const mishaps: Mishap[] = [];
  const take = (action: string, document: string) => {
    const { index } = JSON.parse(action) as { index: { _index: string; _id?: string } };
    stored.set(`${index._index}/${index._id ?? `drawn-${stored.size}`}`, JSON.parse(document));
  };
  const server = createServer(async (request, response) => {
    const lines = (await text(request)).trimEnd().split('\n');
    const { refuse, noAnswer = false } = mishaps.shift() ?? {};
    const items = Array.from({ length: lines.length / 2 }, (_, number) => {
      if (refuse?.nth === number) {
        return { index: { status: refuse.status, error: { type: refuse.type, reason: 'so it is told' } } };
      }
      take(lines[2 * number] ?? '', lines[2 * number + 1] ?? '');
      return { index: { status: 201 } };
    });
    response.setHeader('content-type', 'application/json');
    if (noAnswer) response.destroy();
    else response.end(JSON.stringify({ errors: refuse !== undefined, items }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    documents: () => [...stored.values()],
    meetWith: (mishap) => void mishaps.push(mishap),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
