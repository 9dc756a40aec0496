import { setTimeout as sleep } from 'node:timers/promises';
import { type Directive, requireParameter } from './directive.ts';
import { formatEventTime } from './event-time.ts';
import type { FluentConf } from './fluent-conf.ts';
import type { LogEvent } from './parse-line.ts';
import { idFilter } from './record-id.ts';

/** What the store gets of a record. */
export interface LogDocument {
  readonly index: string;
  /** Without one, the store draws one. */
  readonly id: string | undefined;
  readonly document: Readonly<Record<string, unknown>>;
}

/** What became of records that were passed on; all others are in the store. */
export interface Delivery {
  /** Those that the store refused with 400: Fluentd writes them to its own log. */
  readonly refused: readonly { readonly document: LogDocument; readonly reason: string }[];
  /** How often a chunk was sent again. */
  readonly repeats: number;
}

/** An item of the answer to a bulk. */
interface BulkItem {
  readonly index: { readonly status: number; readonly error?: { readonly type: string; readonly reason: string } };
}

/** Refusals for which the plugin sends the whole chunk again (its `unrecoverable_error_types`). */
const busy: Readonly<Record<string, string>> = {
  elasticsearch: 'es_rejected_execution_exception',
  opensearch: 'rejected_execution_exception',
};

/** How often a chunk is sent at most; the program never gives up. */
const maxTries = 200;

/**
 * Makes of records what out_elasticsearch of fluent-plugin-elasticsearch 5.4 (out_opensearch) makes of them with
 * `logstash_format`: an index for each day in UTC, `@timestamp` with nine digits behind the second, with `include_tag_key` the
 * tag under `tag_key`, over what the record has there; then the id of `id_key`, then without `remove_keys`.
 *
 * @throws Error when the output is of another kind, and for a record with a `@timestamp` of its own, which would decide instead
 * of the time of the event.
 */
export function documentMaker(output: Directive): (event: LogEvent) => LogDocument {
  if (busy[requireParameter(output, '@type')] === undefined || requireParameter(output, 'logstash_format') !== 'true') {
    throw new Error(`<match> in line ${output.line} must have logstash_format true and speak to a store`);
  }
  const prefix = requireParameter(output, 'logstash_prefix');
  const tagKey = output.parameters.get('include_tag_key') === 'true' ? requireParameter(output, 'tag_key') : undefined;
  const idKey = output.parameters.get('id_key') ?? '';
  const removed = (output.parameters.get('remove_keys') ?? '').split(/\s*,\s*/);
  return ({ tag, time, record }) => {
    if ('@timestamp' in record) throw new Error(`a record of ${tag} has a @timestamp of its own`);
    const timestamp = formatEventTime(time);
    const whole = { ...record, '@timestamp': timestamp, ...(tagKey === undefined ? {} : { [tagKey]: tag }) };
    return {
      index: `${prefix}-${timestamp.slice(0, 10).replaceAll('-', '.')}`,
      id: record[idKey] === undefined ? undefined : String(record[idKey]),
      document: Object.fromEntries(Object.entries(whole).filter(([name]) => !removed.includes(name))),
    };
  };
}

/**
 * Sends records to a store as Fluentd does: through the filters into a chunk for each tag, and each chunk as a bulk. A chunk is
 * sent again as a whole when no answer comes in time, or when the store is too busy for any of its documents.
 *
 * @param url of the store.
 * @throws Error when a chunk has been sent 200 times.
 */
export async function deliver(conf: FluentConf, events: readonly LogEvent[], url: string): Promise<Delivery> {
  const filters = conf.filters.map(idFilter);
  const passed = events.map((event) => filters.reduce((filtered, filter) => filter(filtered), event));
  const deliveries: Delivery[] = [];
  for (const chunk of Map.groupBy(passed, ({ tag }) => tag).values()) {
    deliveries.push(await deliverChunk(conf.output, chunk, url));
  }
  return {
    refused: deliveries.flatMap(({ refused }) => refused),
    repeats: deliveries.reduce((sum, { repeats }) => sum + repeats, 0),
  };
}

async function deliverChunk(output: Directive, chunk: readonly LogEvent[], url: string): Promise<Delivery> {
  const busyType = busy[requireParameter(output, '@type')];
  const timeoutMs = Number.parseFloat(requireParameter(output, 'request_timeout')) * 1_000;
  const refused: Delivery['refused'][number][] = [];
  let waiting = chunk.map(documentMaker(output));
  for (let repeats = 0; repeats < maxTries; repeats += 1) {
    if (repeats > 0) await sleep(20);
    const answers = await sendBulk(waiting, url, timeoutMs);
    if (answers === undefined || answers.some(({ error }) => error?.type === busyType)) continue;
    const answered = waiting.map((document, number) => ({ document, answer: answers[number] }));
    for (const { document, answer } of answered) {
      if (answer?.status === 400) refused.push({ document, reason: answer.error?.reason ?? '' });
    }
    // Any other failure concerns that record alone.
    waiting = answered.filter(({ answer }) => (answer?.status ?? 0) > 400).map(({ document }) => document);
    if (waiting.length === 0) return { refused, repeats };
  }
  throw new Error(`the store has not taken a chunk that was sent ${maxTries} times`);
}

/** @returns what the store said of each document; `undefined` when it did not answer, or refused the whole */
async function sendBulk(
  documents: readonly LogDocument[],
  url: string,
  timeoutMs: number,
): Promise<BulkItem['index'][] | undefined> {
  const lines = documents.flatMap(({ index, id, document }) => [{ index: { _index: index, _id: id } }, document]);
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  try {
    const response = await fetch(`${url}/_bulk`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = await response.json();
    if (!response.ok) return undefined;
    return (answer as { items: BulkItem[] }).items.map((item) => item.index);
  } catch {
    return undefined;
  }
}
