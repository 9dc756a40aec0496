import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareLogs, createElasticsearchStore, createLogFiles, repairLogs } from '@vmobs/lab/logs';
import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Delivery, deliver } from '../docs/fluentd/bulk-output.ts';
import { type FluentConf, readFluentConf, tailOf } from '../docs/fluentd/fluent-conf.ts';
import type { LogEvent } from '../docs/fluentd/parse-line.ts';
import { tailOnce } from '../docs/fluentd/tail.ts';
import { validConfig, vmClient } from '../support/clients.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { type OpenSearchProcess, startOpenSearch } from './opensearch-process.ts';
import { reportMeasured } from './report-measured.ts';
import { startTroubledStore, type TroubledStore } from './troubled-store.ts';

/*
 * What Fluentd sends of the lines of both services, stored and searched in a real OpenSearch: by its emulation in test/docs/fluentd,
 * with compose/fluentd/fluent-opensearch.conf.
 */

const instance = 'service.instance.id';
const sequence = 'log.seq';

/** What ends each thing that was started, also when a later one did not start. */
const endings: (() => Promise<void>)[] = [];

const startedAt = Date.now();

let conf: FluentConf;
let folder: string;
let store: OpenSearchProcess;
let trouble: TroubledStore;
let events: readonly LogEvent[];
let delivery: Delivery;

beforeAll(async () => {
  conf = await readFluentConf('fluent-opensearch.conf');
  folder = await mkdtemp(join(tmpdir(), 'vmobs-opensearch-logs-'));
  endings.push(() => rm(folder, { recursive: true }));
  // Room for the four parts of one bulk, if nobody else writes.
  store = await startOpenSearch({ 'thread_pool.write.size': '1', 'thread_pool.write.queue_size': '3' });
  endings.push(store.end);
  await store.ask('PUT', '/_index_template/parts', {
    index_patterns: ['unkey-*'],
    template: { settings: { number_of_shards: 4, number_of_replicas: 0 } },
  });
  events = await logOfBothServices();
  trouble = await startTroubledStore(store.url);
  endings.push(trouble.close);
  delivery = await deliver(conf, events, trouble.url);
  await store.ask('POST', '/_refresh');
});
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

/** Lets both services live through a VM, traces that go nowhere and billing that fails, and reads what Fluentd reads of it. */
async function logOfBothServices(): Promise<LogEvent[]> {
  const nowhere = '127.0.0.1:9';
  const env = (tag: string) => ({
    LOG_FILE: join(folder, tag, `${tag}.log`),
    LOG_LEVEL: 'trace',
    OTEL_BSP_SCHEDULE_DELAY: '50',
  });
  const billaged = await startServiceProcess('billaged-sim', {
    ...env('billaged'),
    BILLAGED_OTEL_ENABLED: 'true',
    BILLAGED_OTEL_ENDPOINT: nowhere,
  });
  const metald = await startServiceProcess('metald-sim', {
    ...env('metald'),
    UNKEY_METALD_OTEL_ENABLED: 'true',
    UNKEY_METALD_OTEL_ENDPOINT: nowhere,
    UNKEY_METALD_BILLING_ENDPOINT: billaged.url,
    UNKEY_METALD_BILLING_BATCH_SIZE: '5',
    UNKEY_METALD_BILLING_INTERVAL: '10ms',
    UNKEY_METALD_SIM_TIME_SCALE: '1000',
  });
  const client = vmClient(metald.url);
  const { vmId } = await client.createVm({ config: validConfig });
  await client.bootVm({ vmId });
  await expect(client.bootVm({ vmId: 'ud-0000000000000000' })).rejects.toThrow();
  await eventually(billaged.log, (lines) => lines.filter(({ msg }) => msg === 'batch processed').length > 20);
  await billaged.end();
  await client.shutdownVm({ vmId });
  await metald.end();
  const read = await Promise.all(['metald', 'billaged'].map((tag) => tailOnce(tailOf(conf, tag), folder)));
  return read.flatMap((one) => one.events);
}

interface SearchAnswer {
  readonly hits: {
    readonly total: { readonly value: number };
    readonly hits: readonly { readonly _source: Readonly<Record<string, unknown>> }[];
  };
}

/** The lines that a query finds. */
async function search(query: object): Promise<Readonly<Record<string, unknown>>[]> {
  const { hits } = await store.ask<SearchAnswer>('POST', '/unkey-*/_search', {
    query,
    size: 10_000,
    track_total_hits: true,
  });
  expect(hits.hits).toHaveLength(hits.total.value);
  return hits.hits.map(({ _source }) => _source);
}

/** Process and number of records, in one order. */
function namesOf(records: readonly Readonly<Record<string, unknown>>[]): string[] {
  return records.map((record) => `${record[instance]} ${record[sequence]}`).sort();
}

/** Process and number of the lines that have this. */
function linesWith(isWanted: (record: Readonly<Record<string, unknown>>) => boolean): string[] {
  return namesOf(events.map(({ record }) => record).filter(isWanted));
}

test('every line is one document, though bulks were refused in part and answers lost', async () => {
  expect(trouble.halves()).toBeGreaterThan(0);
  expect(trouble.unanswered()).toBe(1);
  expect(delivery.repeats).toBeGreaterThan(1);
  expect(events.length).toBeGreaterThan(100);
  expect(namesOf(await search({ match_all: {} }))).toEqual(linesWith(() => true));
  reportMeasured(`OpenSearch: ${events.length} lines, ${delivery.repeats} bulks sent again, each line there once`);
});

test('no line is refused for a field that has another type in other lines', () => {
  expect(delivery.refused).toEqual([]);
});

test('a line that is read again takes the place of itself', async () => {
  await deliver(conf, events, store.url);
  await store.ask('POST', '/_refresh');
  expect(namesOf(await search({ match_all: {} }))).toEqual(linesWith(() => true));
});

test('the lines of a request are found by its trace, in both services', async () => {
  const traceId = events.find(({ record }) => record['procedure'] === 'billing.v1.BillingService/NotifyVmStarted')
    ?.record['trace_id'];
  const found = await search({ term: { 'trace_id.keyword': traceId } });
  expect(namesOf(found)).toEqual(linesWith((record) => record['trace_id'] === traceId));
  expect(new Set(found.map((record) => record['service.name']))).toEqual(new Set(['metald', 'billaged']));
});

test.for(['debug', 'info', 'warn', 'error'])('lines are found by their level: %s', async (level) => {
  const found = namesOf(await search({ term: { 'level.keyword': level } }));
  expect(found).toEqual(linesWith((record) => record['level'] === level));
  expect(found.length).toBeGreaterThan(0);
});

test('lines are found by their time', async () => {
  const times = events.map(({ record }) => String(record['timestamp'])).sort();
  const [from, to] = [times[Math.floor(times.length / 3)] ?? '', times[Math.floor((2 * times.length) / 3)] ?? ''];
  const found = namesOf(await search({ range: { '@timestamp': { gte: from, lt: to } } }));
  expect(found).toEqual(linesWith(({ timestamp }) => `${timestamp}` >= from && `${timestamp}` < to));
  expect(found.length).toBeGreaterThan(0);
});

test('a check finds the lines that are missing there, and a repair brings them back', async () => {
  const compared = {
    files: createLogFiles(
      ['metald', 'billaged'].map((name) => join(folder, name)),
      startedAt,
    ),
    store: createElasticsearchStore(store.url),
  };
  const complete = await compareLogs(compared);
  expect(complete.map(({ service }) => service)).toEqual(['billaged', 'metald']);
  expect(complete.reduce((sum, { stored }) => sum + stored, 0)).toBe(events.length);
  expect(complete.flatMap(({ missing, waiting }) => [...missing, ...waiting])).toEqual([]);

  const { instance: process = '', last = 0 } = complete[1] ?? {};
  const lines = { term: { 'service.instance.id.keyword': process } };
  const numbers = { range: { 'log.seq': { gte: 5, lte: 9 } } };
  const { hits } = await store.ask<{ hits: { hits: readonly { readonly _index: string; readonly _id: string }[] } }>(
    'POST',
    '/unkey-*/_search',
    { query: { bool: { filter: [lines, numbers] } } },
  );
  for (const { _index, _id } of hits.hits) await store.ask('DELETE', `/${_index}/_doc/${encodeURIComponent(_id)}`);
  await store.ask('POST', '/_refresh');
  const damaged = await compareLogs(compared);
  expect(damaged[1]).toMatchObject({ missing: [{ first: 5, last: 9 }], stored: last - 5 });

  expect(await repairLogs({ ...compared, reports: damaged })).toBe(5);
  await store.ask('POST', '/_refresh');
  expect(await compareLogs(compared)).toEqual(complete);
  expect(await repairLogs({ ...compared, reports: damaged })).toBe(0);
  expect(namesOf(await search(lines))).toEqual(linesWith((record) => record[instance] === process));
});

test('a line with a field of another type is refused with its reason, and the others stay', async () => {
  const [first, second] = events;
  if (first === undefined || second === undefined) throw new Error('the services logged nothing');
  const odd = { ...first, record: { ...first.record, [sequence]: 'one', odd: true } };
  const { refused } = await deliver(conf, [odd, { ...second, record: { ...second.record, odd: true } }], store.url);
  await store.ask('POST', '/_refresh');
  expect(refused).toMatchObject([{ document: { document: { odd: true } }, reason: expect.stringContaining(sequence) }]);
  expect(await search({ term: { odd: true } })).toHaveLength(1);
});

test('with the tag in `service`, as the guide has it, every line would be refused', async () => {
  const parameters = new Map([...conf.output.parameters, ['tag_key', 'service'], ['remove_keys', '_hash']]);
  const guide = { ...conf, output: { ...conf.output, parameters: parameters.set('logstash_prefix', 'guide') } };
  const { refused } = await deliver(guide, events.slice(0, 3), store.url);
  expect(refused.map(({ reason }) => reason)).toEqual(
    Array(3).fill("can't merge a non object mapping [service] with an object mapping"),
  );
});
