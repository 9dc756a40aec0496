import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@vmobs/testing';
import { askLogs } from './ask-logs.ts';
import { compose, placeAlone, startParts } from './start-parts.ts';

/** What the log store has of a line: every field is text. */
export type StoredLine = Readonly<Record<string, string>>;

/** The collector and the log store alone, and log files that a test writes itself. */
export type RunningCollection = Awaited<ReturnType<typeof startCollection>>;

const parts = ['victoria-logs', 'otelcol'] as const;

/** Longer than a line takes from its file into the store: polling every 200 ms, a batch of 200 ms, a flush after 1 s. */
const settlingMs = 2_000;

/** Options of `startCollection`. */
export interface CollectionOptions {
  /** Size of the collector's queue on disk, in bytes. @default 128 MiB, as in compose/ */
  readonly queueBytes?: number;
}

/** Starts both, with the files of compose/. */
export async function startCollection({ queueBytes }: CollectionOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-collection-'));
  const logs = join(folder, 'logs');
  const files = queueBytes === undefined ? compose : await copyWithQueueOf(queueBytes, join(folder, 'compose'));
  const stack = await startParts(parts, placeAlone(folder, { compose: files, serviceLogs: logs }));

  /** Asks the log store a question in LogsQL, about all that it has. */
  const ask = (query: string) => askLogs<StoredLine>(stack.urls.get('victoria-logs') ?? '', query);

  return {
    part: stack.part,
    /** Path of a log file that the collector reads, such as `metald/metald.log`. */
    pathOf: (file: string) => join(logs, file),
    /** Appends to a log file, in a folder that is made where it is missing. */
    async write(file: string, text: string | Buffer): Promise<void> {
      await mkdir(dirname(join(logs, file)), { recursive: true });
      await appendFile(join(logs, file), text);
    },
    /**
     * Waits until the log store has so many lines, and then for those that should not come.
     *
     * @param query which lines are meant, in LogsQL
     * @returns all that it has of them
     */
    async untilStored(count: number, query = '*'): Promise<StoredLine[]> {
      await eventually(
        () => ask(`${query} | stats count() lines`),
        ([answer]) => Number(answer?.['lines']) >= count,
      );
      await sleep(settlingMs);
      return await ask(query);
    },
    /** What the collector has complained of since its start, but for Jaeger, which does not run. */
    async readComplaints(): Promise<string[]> {
      const said = await readFile(stack.part('otelcol').logFile, 'utf8');
      return said.split('\n').filter((line) => /\t(?:warn|error|fatal)\t/.test(line) && !line.includes('"grpc_log"'));
    },
    async close() {
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Copies the collector's configuration. @returns the folder that takes the place of compose/ */
async function copyWithQueueOf(bytes: number, to: string): Promise<string> {
  await cp(join(compose, 'otel-collector'), join(to, 'otel-collector'), { recursive: true });
  const file = join(to, 'otel-collector/otel-collector.yml');
  const config = await readFile(file, 'utf8');
  await writeFile(file, config.replaceAll(/queue_size: \d+/g, `queue_size: ${bytes}`));
  return to;
}
