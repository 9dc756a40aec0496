import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from '@vmobs/settings';
import { createElasticsearchReader, indexPrefix } from './elasticsearch-reader.ts';
import type { FileLine, LogStore } from './log-store.ts';
import { createStoreRequests, inRequests, type StoreRequests } from './store-requests.ts';

/** How often lines are resent to a store that has no room for them. */
const maxRetries = 5;

/** Options of `createElasticsearchStore`. */
export interface ElasticsearchStoreOptions {
  /** Delay before lines are resent to a store that has no room for them, in ms; doubled each time. @default 500 */
  readonly retryMs?: number;
}

/**
 * Elasticsearch, or OpenSearch, with the indices that Fluentd writes.
 *
 * @param url its address, such as `http://127.0.0.1:9200`
 */
export function createElasticsearchStore(url: string, { retryMs = 500 }: ElasticsearchStoreOptions = {}): LogStore {
  const name = `Elasticsearch on ${url}`;
  const { ask } = createStoreRequests(name, url);
  return {
    name,
    ...createElasticsearchReader(name, ask),
    send: createBulkSender({ name, ask, retryMs }),
  };
}

interface BulkOptions {
  /** Display name of the store, for errors. */
  readonly name: string;
  readonly ask: StoreRequests['ask'];
  /** Delay before lines are resent to a store that has no room for them, in ms; doubled each time. */
  readonly retryMs: number;
}

/** Creates a sender of lines, as the same documents that Fluentd would send. */
function createBulkSender({ name, ask, retryMs }: BulkOptions): LogStore['send'] {
  /** Sends lines until the store has all of them. Resending a stored line changes nothing. */
  async function sendBulk(body: string): Promise<void> {
    for (let retries = 0; ; retries++) {
      const { items } = await ask<BulkAnswer>('/_bulk', {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body,
      });
      const refused = items
        .map(({ create }) => create)
        .filter(({ status }) => status !== 201 && status !== alreadyThere);
      const worst = refused.find(({ status }) => status !== noRoom) ?? refused[0];
      if (worst === undefined) return;
      if (worst.status !== noRoom || retries === maxRetries) {
        throw new CommandError(`${name} refused a line with ${worst.status}: ${worst.error?.reason ?? 'no reason'}`);
      }
      await sleep(retryMs * 2 ** retries);
    }
  }

  return async (lines) => {
    for (const body of inRequests(lines.map(writeDocument))) await sendBulk(body);
  };
}

interface BulkAnswer {
  readonly items: readonly {
    readonly create: { readonly status: number; readonly error?: { readonly reason: string } };
  }[];
}

/** Status of a line that an earlier repair has sent: it has the same id. */
const alreadyThere = 409;

/** Status while the write queue of the store is full. */
const noRoom = 429;

/** The document that Fluentd would send for a line, but with another id: Fluentd's is a hash. */
function writeDocument({ text }: FileLine): string {
  const { service, ...fields }: Record<string, unknown> = JSON.parse(text);
  const timestamp = String(fields['timestamp']);
  const day = new Date(timestamp).toISOString().slice(0, 10).replaceAll('-', '.');
  const id = `${fields['service.instance.id']}-${fields['log.seq']}`;
  const action = { create: { _index: indexPrefix + day, _id: id } };
  return `${JSON.stringify(action)}\n${JSON.stringify({ ...fields, '@timestamp': timestamp, 'service.name': service })}\n`;
}
