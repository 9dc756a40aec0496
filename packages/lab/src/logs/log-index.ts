import { readNumberedLine } from './numbered-line.ts';
import { createSequences, type GrowingSequences, parseLost, type Sequences, unite } from './sequences.ts';

/** Lines are grouped by the minute in which they were written, and forgotten a minute at a time. */
const minuteMs = 60_000;

/** The lines of one process in the log files. */
export interface WrittenProcess {
  readonly instance: string;
  readonly service: string;
  /** Numbers of its lines. @param before only lines of minutes that had ended at this time, in Unix ms */
  sequences(before?: number): Sequences;
  /** Numbers of the lines that it could not write to its log file, as it reports itself. */
  readonly lost: Sequences;
  /** Numbers of its lines in the files that were written before `since`. */
  readonly passedOver: Sequences;
  /** When its newest line was written, in Unix ms. */
  readonly newest: number;
}

/** The numbered lines that were read from log files, by process. Memory: a few ranges per process and minute. */
export interface LogIndex {
  /** Earlier lines are passed over. The start of a minute, in Unix ms. */
  readonly since: number;
  /** Adds a line; ignores a line without a number. */
  add(text: string): void;
  /** Forgets processes without lines. */
  dropEmpty(): void;
  /** Forgets lines of minutes that had ended at a time. @param time Unix ms */
  forget(time: number): void;
  processes(): ReadonlyMap<string, WrittenProcess>;
}

interface IndexedProcess {
  readonly instance: string;
  readonly service: string;
  readonly minutes: Map<number, GrowingSequences>;
  /** When the clock was set back, such lines stand between the others. */
  readonly passedOver: GrowingSequences;
  lost: Sequences;
  newest: number;
}

/** Creates an empty index. @param since in Unix ms; rounded down to the minute */
export function createLogIndex(since: number): LogIndex {
  const processes = new Map<string, IndexedProcess>();
  let oldest = Math.floor(since / minuteMs);

  function processOf(instance: string, service: string): IndexedProcess {
    let process = processes.get(instance);
    if (process === undefined) {
      process = { instance, service, minutes: new Map(), passedOver: createSequences(), lost: [], newest: 0 };
      processes.set(instance, process);
    }
    return process;
  }

  function dropEmpty(): void {
    for (const [instance, { minutes }] of processes) if (minutes.size === 0) processes.delete(instance);
  }

  return {
    get since() {
      return oldest * minuteMs;
    },
    add(text) {
      const line = readNumberedLine(text);
      if (line === undefined) return;
      const process = processOf(line.instance, line.service);
      const minute = Math.floor(line.time / minuteMs);
      if (minute < oldest) {
        process.passedOver.add(line.sequence);
        return;
      }
      let sequences = process.minutes.get(minute);
      if (sequences === undefined) {
        sequences = createSequences();
        process.minutes.set(minute, sequences);
      }
      sequences.add(line.sequence);
      process.newest = Math.max(process.newest, line.time);
      if (text.includes('"lost_sequences":')) process.lost = unite([...process.lost, ...readLost(text, line.sequence)]);
    },
    dropEmpty,
    forget(time) {
      oldest = Math.max(oldest, Math.floor(time / minuteMs));
      for (const process of processes.values()) passOver(process, oldest);
      dropEmpty();
    },
    processes: () => new Map(Array.from(processes, ([instance, process]) => [instance, describe(process)])),
  };
}

/** Forgets the lines of earlier minutes, which count as passed over from then on. */
function passOver(process: IndexedProcess, oldest: number): void {
  const { minutes, passedOver } = process;
  for (const [minute, { ranges }] of minutes) {
    if (minute >= oldest) continue;
    passedOver.addAll(ranges);
    minutes.delete(minute);
  }
  const first = Math.min(...Array.from(minutes.values(), ({ ranges }) => ranges[0]?.first ?? Number.POSITIVE_INFINITY));
  process.lost = process.lost.filter(({ last }) => last >= first);
}

function describe({ instance, service, minutes, passedOver, lost, newest }: IndexedProcess): WrittenProcess {
  return {
    instance,
    service,
    lost,
    passedOver: passedOver.ranges,
    newest,
    sequences: (before = Number.POSITIVE_INFINITY) =>
      unite([...minutes].flatMap(([minute, { ranges }]) => ((minute + 1) * minuteMs <= before ? ranges : []))),
  };
}

/** The lines that a process reports as lost from its log file. @param sequence number of the report's own line */
function readLost(text: string, sequence: number): Sequences {
  const { destination, lost_sequences: lost } = readFields(text) ?? {};
  return destination === 'file' && typeof lost === 'string' ? parseLost(lost, sequence) : [];
}

/** The fields of a line. @returns `undefined` for a line that is not valid JSON, such as one with a damaged middle */
export function readFields(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
