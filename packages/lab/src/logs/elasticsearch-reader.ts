import { CommandError } from '@vmobs/settings';
import type { LogStore, StoredProcess } from './log-store.ts';
import { countOf, createSequences, parseLost, type Sequences, unite } from './sequences.ts';
import type { StoreRequests } from './store-requests.ts';

/** Indices that Fluentd writes, one a day: compose/fluentd/fluent.conf. */
export const indexPrefix = 'unkey-';

/** Buckets per page, well below the limit of a search, 65,535. */
const pageSize = 10_000;

/** Most processes per search; each start of a service is one process. */
const maxProcesses = 1_000;

/** Most reports of lost lines per process: the most hits that an index returns at once. */
const maxLostReports = 10_000;

interface ProcessBucket {
  readonly key: string;
  readonly doc_count: number;
  readonly service: { readonly buckets: readonly { readonly key: string }[] };
  readonly first: { readonly value: number };
  readonly last: { readonly value: number };
  readonly newest: { readonly value: number };
}

interface NumbersPage {
  readonly buckets: readonly { readonly key: { readonly number: number } }[];
  readonly after_key?: object;
}

interface LostReport {
  readonly 'log.seq': number;
  readonly lost_sequences: string;
}

interface Hits {
  readonly hits: { readonly hits: readonly { readonly _source: LostReport }[] };
}

/** Reads line numbers from the indices that Fluentd writes. @param name display name of the store, for errors */
export function createElasticsearchReader(
  name: string,
  ask: StoreRequests['ask'],
): Pick<LogStore, 'readProcesses' | 'readSequences' | 'readLostSequences'> {
  const search = createSearch(ask);

  async function readNumbers(instance: string, since: number): Promise<Sequences> {
    const sequences = createSequences();
    let after: object | undefined;
    do {
      const sources = [{ number: { terms: { field: 'log.seq' } } }];
      const { aggregations } = await search<{ aggregations?: { numbers: NumbersPage } }>(since, {
        query: [ofProcess(instance)],
        aggs: { numbers: { composite: { size: pageSize, sources, ...(after && { after }) } } },
      });
      for (const { key } of aggregations?.numbers.buckets ?? []) sequences.add(key.number);
      after = aggregations?.numbers.after_key;
    } while (after !== undefined);
    return sequences.ranges;
  }

  async function describe(bucket: ProcessBucket, since: number): Promise<StoredProcess> {
    return {
      instance: bucket.key,
      service: bucket.service.buckets[0]?.key ?? '',
      lines: bucket.doc_count,
      // An aggregation would only estimate the count.
      distinct: countOf(await readNumbers(bucket.key, since)),
      first: bucket.first.value,
      last: bucket.last.value,
      newest: bucket.newest.value,
    };
  }

  return {
    async readProcesses(since) {
      const { aggregations } = await search<{ aggregations?: { processes: { buckets: readonly ProcessBucket[] } } }>(
        since,
        processesQuery,
      );
      const buckets = aggregations?.processes.buckets ?? [];
      if (buckets.length === maxProcesses) {
        throw new CommandError(
          `${name} has lines of at least ${maxProcesses} processes; shorten the period with --since`,
        );
      }
      const processes: StoredProcess[] = [];
      for (const bucket of buckets) processes.push(await describe(bucket, since));
      return processes;
    },

    readSequences: ({ instance }, since) => readNumbers(instance, since),

    async readLostSequences({ instance }, since) {
      const { hits } = await search<Hits>(since, {
        size: maxLostReports,
        _source: ['lost_sequences', 'log.seq'],
        query: [
          ofProcess(instance),
          { term: { 'destination.keyword': 'file' } },
          { exists: { field: 'lost_sequences' } },
        ],
      });
      if (hits.hits.length === maxLostReports) {
        const count = maxLostReports.toLocaleString('en-US');
        throw new CommandError(
          `${name} has at least ${count} reports of lost lines from ${instance}; shorten the period with --since`,
        );
      }
      return unite(hits.hits.flatMap(({ _source }) => parseLost(_source.lost_sequences, _source['log.seq'])));
    },
  };
}

/** Makes a search of the lines written at or after a time. The shape of its answer follows from the body. */
function createSearch(ask: StoreRequests['ask']) {
  return <T>(since: number, body: { query?: readonly object[] } & Record<string, unknown>): Promise<T> => {
    const { query = [], ...rest } = body;
    const filter = [{ range: { '@timestamp': { gte: new Date(since).toISOString() } } }, ...query];
    return ask<T>(`/${indexPrefix}*/_search?ignore_unavailable=true`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ size: 0, ...rest, query: { bool: { filter } } }),
    });
  };
}

const ofProcess = (instance: string) => ({ term: { 'service.instance.id.keyword': instance } });

/** Aggregation of the processes with numbered lines, with the fields of `ProcessBucket`. */
const processesQuery = {
  query: [{ exists: { field: 'log.seq' } }],
  aggs: {
    processes: {
      terms: { field: 'service.instance.id.keyword', size: maxProcesses },
      aggs: {
        service: { terms: { field: 'service.name.keyword', size: 1 } },
        first: { min: { field: 'log.seq' } },
        last: { max: { field: 'log.seq' } },
        newest: { max: { field: '@timestamp' } },
      },
    },
  },
};
