import { glob, open } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type Directive, requireParameter } from './directive.ts';
import { type LogEvent, lineParser } from './parse-line.ts';

/** Where the containers of the stack have the logs. */
const logFolder = '/var/log';

/** What Fluentd keeps in `pos_file`: how far each file was read, in bytes by its inode. */
export type Positions = Map<number, number>;

/** Options of `openTail`. */
export interface TailOptions {
  /** Replaces /var/log. */
  readonly folder: string;
  /** Outlives the tail; a new one given the same goes on where this one was. */
  readonly positions: Positions;
}

/** A tail source that runs. */
export interface Tail {
  /** Looks which files the path fits, as Fluentd does when it starts and then every `refresh_interval`. */
  refresh(): Promise<void>;
  /** Reads the whole lines that have come since, of the files that `refresh` has found. */
  read(): Promise<LogEvent[]>;
  /** Lines that were dropped with the warning "invalid line found". */
  readonly dropped: readonly string[];
  close(): Promise<void>;
}

/** A file that is followed, under whatever name it has now. */
interface FollowedFile {
  readonly readRest: () => Promise<string[]>;
  readonly close: () => Promise<void>;
}

/** The paths of a source, with this folder instead of /var/log. @throws Error for a path anywhere else */
export function placePaths(source: Directive, folder: string): string[] {
  return requireParameter(source, 'path')
    .split(',')
    .map((path) => {
      const below = relative(logFolder, path);
      if (below.startsWith('../..'))
        throw new Error(`the path ${path} is not below ${logFolder}, where the logs are mounted`);
      return join(folder, below);
    });
}

/**
 * Follows log files as in_tail of Fluentd does with `follow_inodes` and `read_from_head`: a file is its inode, is read from its
 * head or its position, and is read on under another name until the next `refresh` that does not find it (the real program waits
 * for `rotate_wait`, which is as long as `refresh_interval` here).
 *
 * @throws Error for a source without these two options.
 */
export function openTail(source: Directive, { folder, positions }: TailOptions): Tail {
  for (const needed of ['follow_inodes', 'read_from_head']) {
    if (requireParameter(source, needed) !== 'true') throw new Error(`${needed} must be true`);
  }
  const paths = placePaths(source, folder);
  const parse = lineParser(source);
  const followed = new Map<number, FollowedFile>();
  const dropped: string[] = [];
  const waiting: string[] = [];
  const release = async (inode: number, file: FollowedFile) => {
    followed.delete(inode);
    await file.close();
  };
  return {
    dropped,
    async refresh() {
      const found = new Set<number>();
      for (const path of (await Array.fromAsync(glob(paths))).sort()) {
        const [inode, file] = await follow(path, positions);
        found.add(inode);
        if (followed.has(inode)) await file.close();
        else followed.set(inode, file);
      }
      for (const [inode, file] of followed) {
        if (found.has(inode)) continue;
        waiting.push(...(await file.readRest()));
        await release(inode, file);
        positions.delete(inode);
      }
    },
    async read() {
      for (const file of followed.values()) waiting.push(...(await file.readRest()));
      return waiting.splice(0).flatMap((line) => {
        const events = parse(line);
        if (events !== 'invalid line found') return events;
        dropped.push(line);
        return [];
      });
    },
    async close() {
      for (const [inode, file] of followed) await release(inode, file);
    },
  };
}

/** Opens a file. @returns its inode besides */
async function follow(path: string, positions: Positions): Promise<[inode: number, file: FollowedFile]> {
  const handle = await open(path);
  const { ino } = await handle.stat();
  const readRest = async () => {
    const { size } = await handle.stat();
    const position = positions.get(ino) ?? 0;
    // A file that is shorter than what was read of it is another one.
    const from = position > size ? 0 : position;
    const content = Buffer.alloc(size - from);
    const { bytesRead } = await handle.read(content, 0, content.length, from);
    // A line without its end is read when that has come.
    const whole = content.subarray(0, content.subarray(0, bytesRead).lastIndexOf('\n') + 1);
    positions.set(ino, from + whole.length);
    return whole.toString('utf8').split('\n').slice(0, -1);
  };
  return [ino, { readRest, close: () => handle.close() }];
}

/** All that a source reads of the files that are there now. */
export async function tailOnce(
  source: Directive,
  folder: string,
): Promise<{ events: LogEvent[]; dropped: readonly string[] }> {
  const tail = openTail(source, { folder, positions: new Map() });
  try {
    await tail.refresh();
    return { events: await tail.read(), dropped: tail.dropped };
  } finally {
    await tail.close();
  }
}
