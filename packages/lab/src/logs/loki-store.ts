import type { FileLine, LogStore, StoredProcess } from './log-store.ts';
import { countOf, createSequences, type GrowingSequences, parseLost, type Sequences, unite } from './sequences.ts';
import { createStoreRequests } from './store-requests.ts';

/** Most lines that Loki returns for one query by default. */
const pageSize = 5_000;

const nanosecondsPerMs = 1_000_000n;

/** Lines per push request. */
const batchSize = 1_000;

/** A stream of an answer: one object with labels and structured metadata, and the lines that share them. */
interface LokiStream {
  readonly stream: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [nanoseconds: string, line: string])[];
}

interface FoundProcess {
  readonly service: string;
  readonly numbers: GrowingSequences;
  readonly lost: Sequences[];
  newest: number;
}

/**
 * Loki with the lines that the collector sends in the profile `loki`, where dots in names become underscores. Loki keeps a line
 * only once, even if it is sent again.
 *
 * @param url its address, such as `http://127.0.0.1:3100`
 */
export function createLokiStore(url: string): LogStore {
  const name = `Loki on ${url}`;
  const { ask, send } = createStoreRequests(name, url);

  /** Reads all lines since a time, page by page. */
  async function* readStreams(query: string, since: number): AsyncGenerator<LokiStream> {
    let start = BigInt(since) * nanosecondsPerMs;
    const end = BigInt(Date.now() + 60_000) * nanosecondsPerMs;
    for (;;) {
      const parameters = new URLSearchParams({
        query,
        limit: String(pageSize),
        start: String(start),
        end: String(end),
        direction: 'forward',
      });
      const path = `/loki/api/v1/query_range?${parameters}`;
      const { data } = await ask<{ data: { result: readonly LokiStream[] } }>(path, { method: 'GET' });
      yield* data.result;
      const times = data.result.flatMap(({ values }) => values.map(([time]) => BigInt(time)));
      if (times.length < pageSize) return;
      // Sorted, because streams interleave. If more lines share one timestamp than fit on a page, the rest cannot be read.
      const last = times.toSorted((one, other) => Number(one - other)).at(-1) ?? start;
      start = last > start ? last : start + 1n;
    }
  }

  async function readAll(selector: string, since: number): Promise<Map<string, FoundProcess>> {
    const found = new Map<string, FoundProcess>();
    for await (const { stream, values } of readStreams(`{service_name=~".+"} | log_seq!=""${selector}`, since)) {
      const instance = stream['service_instance_id'] ?? '';
      const sequence = Number(stream['log_seq']);
      // Other programs may have fields of these names.
      if (instance === '' || !Number.isSafeInteger(sequence) || sequence < 1) continue;
      let process = found.get(instance);
      if (process === undefined) {
        process = { service: stream['service_name'] ?? '', numbers: createSequences(), lost: [], newest: 0 };
        found.set(instance, process);
      }
      process.numbers.add(sequence);
      if (stream['destination'] === 'file') process.lost.push(parseLost(stream['lost_sequences'] ?? '', sequence));
      for (const [time] of values) process.newest = Math.max(process.newest, Number(BigInt(time) / nanosecondsPerMs));
    }
    return found;
  }

  const of = ({ instance }: StoredProcess) => ` | service_instance_id=${JSON.stringify(instance)}`;

  return {
    name,
    async readProcesses(since) {
      return Array.from(await readAll('', since), ([instance, { service, numbers, newest }]) => {
        const lines = countOf(numbers.ranges);
        const [first, last] = [numbers.ranges[0]?.first ?? 0, numbers.ranges.at(-1)?.last ?? 0];
        return { instance, service, lines, distinct: lines, first, last, newest };
      });
    },
    readSequences: async (process, since) =>
      (await readAll(of(process), since)).get(process.instance)?.numbers.ranges ?? [],
    readLostSequences: async (process, since) =>
      unite((await readAll(of(process), since)).get(process.instance)?.lost.flat() ?? []),
    async send(lines) {
      for (let start = 0; start < lines.length; start += batchSize) {
        await send('/loki/api/v1/push', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ streams: lines.slice(start, start + batchSize).map(writeStream) }),
        });
      }
    },
  };
}

/** A line as Loki accepts it: labels, time, message, and the other fields as structured metadata. */
function writeStream({ text, file }: FileLine): object {
  const { service, timestamp, msg, ...fields }: Record<string, unknown> = JSON.parse(text);
  const nanoseconds = BigInt(Date.parse(String(timestamp))) * nanosecondsPerMs;
  const metadata = Object.fromEntries(flatten({ ...fields, 'log.file.name': file }));
  return { stream: { service_name: service }, values: [[String(nanoseconds), String(msg), metadata]] };
}

/** The fields of a line, nested ones included, under names that Loki accepts. */
function* flatten(fields: object, path = ''): Generator<[name: string, value: string]> {
  for (const [key, value] of Object.entries(fields)) {
    const name = path + key.replace(/\W/g, '_');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) yield* flatten(value, `${name}_`);
    else yield [name, typeof value === 'string' ? value : JSON.stringify(value)];
  }
}
