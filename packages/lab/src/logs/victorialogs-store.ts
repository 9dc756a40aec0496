import type { FileLine, LogStore, StoredProcess } from './log-store.ts';
import { createSequences, parseLost, type Sequences, unite } from './sequences.ts';
import { createStoreRequests, inRequests } from './store-requests.ts';

/** Most line numbers that one query lists, so that neither side holds all lines of a long run in memory. */
const listSize = 100_000;

/** Selects numbered lines. Other programs may have text in this field, which `max` would rank above all numbers. */
const isNumber = `log.seq:range[1, ${Number.MAX_SAFE_INTEGER}]`;

/**
 * A LogsQL pipe that removes duplicates, such as those after a crash of the collector. Time and message distinguish lines
 * without a number. VictoriaLogs 1.52 counts wrongly after this pipe: `stats count()` returns 1.
 */
export const eachLineOnce = 'first 1 by (_time) partition by (_time, _msg, service.instance.id, log.seq)';

/** VictoriaLogs, queried in LogsQL. @param url its address, such as `http://127.0.0.1:9428` */
export function createVictoriaLogsStore(url: string): LogStore {
  const name = `VictoriaLogs on ${url}`;

  const requests = createStoreRequests(name, url);

  function ask(query: string, since: number): AsyncIterable<Readonly<Record<string, string>>> {
    const body = new URLSearchParams({ query, start: new Date(since).toISOString() });
    return requests.askRows('/select/logsql/query', { method: 'POST', body });
  }

  const of = ({ instance }: StoredProcess) => `"service.instance.id":=${JSON.stringify(instance)}`;

  /** The lowest line number at or above `start`. */
  async function findNumber(process: StoredProcess, start: number, since: number): Promise<number> {
    const query = `${of(process)} log.seq:range[${start}, ${process.last}] | stats min(log.seq) next`;
    for await (const { next = '' } of ask(query, since)) if (next !== '') return Number(next);
    return Number.POSITIVE_INFINITY;
  }

  return {
    name,
    async readProcesses(since) {
      const query =
        `${isNumber} service.instance.id:* | stats by (service.instance.id) min(service.name) service, ` +
        'count() lines, count_uniq(log.seq) distinct, min(log.seq) first, max(log.seq) last, max(_time) newest';
      const processes: StoredProcess[] = [];
      for await (const row of ask(query, since)) {
        processes.push({
          instance: row['service.instance.id'] ?? '',
          service: row['service'] ?? '',
          lines: Number(row['lines']),
          distinct: Number(row['distinct']),
          first: Math.ceil(Number(row['first'])),
          last: Math.floor(Number(row['last'])),
          newest: Date.parse(row['newest'] ?? ''),
        });
      }
      return processes;
    },

    async readSequences(process, since) {
      const ranges = [];
      let start = process.first;
      while (start <= process.last) {
        const numbers: number[] = [];
        const end = Math.min(start + listSize - 1, process.last);
        const query = `${of(process)} log.seq:range[${start}, ${end}] | uniq by (log.seq)`;
        for await (const row of ask(query, since)) numbers.push(Number(row['log.seq']));
        // The next number may be far away, and querying every range up to it would take too long.
        start = numbers.length > 0 ? end + 1 : Math.ceil(await findNumber(process, end + 1, since));
        const sequences = createSequences();
        for (const number of numbers.sort((one, other) => one - other)) {
          if (Number.isSafeInteger(number)) sequences.add(number);
        }
        ranges.push(...sequences.ranges);
      }
      return unite(ranges);
    },

    async readLostSequences(process, since) {
      const found: Sequences[] = [];
      const query = `${of(process)} destination:=file lost_sequences:* | fields log.seq, lost_sequences`;
      for await (const row of ask(query, since)) {
        found.push(parseLost(row['lost_sequences'] ?? '', Number(row['log.seq'])));
      }
      return unite(found.flat());
    },

    async send(lines) {
      const parameters = new URLSearchParams({
        _stream_fields: 'service.name',
        _time_field: 'timestamp',
        _msg_field: 'msg',
      });
      const headers = { 'content-type': 'application/stream+json' };
      for (const body of inRequests(lines.map(writeLine))) {
        await requests.send(`/insert/jsonline?${parameters}`, { method: 'POST', body, headers });
      }
    },
  };
}

/** A line with the same fields that the collector would send. */
function writeLine({ text, file }: FileLine): string {
  const { service, ...fields }: Record<string, unknown> = JSON.parse(text);
  return `${JSON.stringify({ ...fields, 'service.name': service, 'log.file.name': file })}\n`;
}
