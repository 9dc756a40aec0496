import { basename } from 'node:path';
import { listFiles, markAt, openFile, type ReadMark, readChunks, resumeAt } from './log-chunks.ts';
import { createLogIndex, readFields, type WrittenProcess } from './log-index.ts';
import type { FileLine } from './log-store.ts';
import { readNumberedLine } from './numbered-line.ts';
import { createSequences, includes, type Sequences } from './sequences.ts';

/** The log files of the services, rotated ones included, as far as they were read. */
export interface LogFiles {
  /** Earlier lines are passed over. The start of a minute, in Unix ms. */
  readonly since: number;
  /** Reads the lines written since the last call. @throws Error of the system when a folder cannot be read */
  refresh(): Promise<void>;
  /** Forgets lines of minutes that had ended at a time, and passes over such lines from now on. @param time Unix ms */
  forget(time: number): void;
  processes(): ReadonlyMap<string, WrittenProcess>;
  /** Reads these lines again, each once. @param wanted numbers by `service.instance.id` */
  readLines(wanted: ReadonlyMap<string, Sequences>): AsyncIterable<FileLine>;
}

/**
 * Keeps track of the numbered lines in log files: `*.log`, and rotated files such as `*.log.1`. A file is identified by its
 * inode and its bytes, so a rotated file is not read again. Memory: a few ranges per process and minute.
 *
 * @param folders folders with the log files of the services
 * @param since in Unix ms; rounded down to the minute
 */
export function createLogFiles(folders: readonly string[], since: number): LogFiles {
  const index = createLogIndex(since);
  let marks = new Map<string, ReadMark>();

  return {
    get since() {
      return index.since;
    },
    async refresh() {
      const found = new Map<string, ReadMark>();
      for (const path of await listFiles(folders)) {
        const opened = await openFile(path);
        if (opened === undefined) continue;
        const { file, status } = opened;
        try {
          const key = `${status.dev}:${status.ino}`;
          let end = await resumeAt(opened, marks.get(key));
          for await (const chunk of readChunks(file, end)) {
            for (const text of chunk.lines) index.add(text);
            end = chunk.end;
          }
          found.set(key, await markAt(file, end));
        } finally {
          await file.close();
        }
      }
      marks = found;
      index.dropEmpty();
    },
    forget: index.forget,
    processes: index.processes,
    async *readLines(wanted) {
      const taken = new Map(Array.from(wanted.keys(), (instance) => [instance, createSequences()]));
      for (const path of await listFiles(folders)) {
        const opened = await openFile(path);
        if (opened === undefined) continue;
        const { file } = opened;
        try {
          for await (const { lines } of readChunks(file, 0)) {
            for (const text of lines) {
              const { instance = '', sequence = 0 } = readNumberedLine(text) ?? {};
              const already = taken.get(instance);
              if (already === undefined || includes(already.ranges, sequence)) continue;
              if (!includes(wanted.get(instance) ?? [], sequence) || readFields(text) === undefined) continue;
              already.add(sequence);
              yield { text, file: basename(path) };
            }
          }
        } finally {
          await file.close();
        }
      }
    },
  };
}
