import type { Sequences } from './sequences.ts';

/** The stored lines of one process within the queried time. */
export interface StoredProcess {
  /** `service.instance.id` of its lines. */
  readonly instance: string;
  readonly service: string;
  /** Stored lines, duplicates included. */
  readonly lines: number;
  /** Distinct lines. */
  readonly distinct: number;
  /** Lowest and highest line number. */
  readonly first: number;
  readonly last: number;
  /** When the newest of its lines was written, in milliseconds since 1970. */
  readonly newest: number;
}

/** A log store that can be queried for line numbers. */
export interface LogStore {
  /** Display name with its address. */
  readonly name: string;
  /** The processes with numbered lines written at or after this time (Unix ms). */
  readProcesses(since: number): Promise<readonly StoredProcess[]>;
  /** Line numbers of a process, written at or after this time. */
  readSequences(process: StoredProcess, since: number): Promise<Sequences>;
  /** Line numbers that the process itself reports as lost. */
  readLostSequences(process: StoredProcess, since: number): Promise<Sequences>;
  /**
   * Stores lines in the same form as the collector.
   *
   * @param lines JSON without line ends, with the file of each
   */
  send(lines: readonly FileLine[]): Promise<void>;
}

/** A line of a log file. */
export interface FileLine {
  /** JSON. */
  readonly text: string;
  /** Name of its file, without folders. */
  readonly file: string;
}
