import { fstatSync, writeSync } from 'node:fs';
import type { Catalogue } from '../metrics/catalogue.ts';
import type { LineWriterOptions } from './line-writer.ts';

/**
 * Makes the function with which a line writer writes to standard output.
 *
 * A pipe is made non-blocking, as Node does for `process.stdout`: otherwise a full pipe, whose reader has stopped, would block
 * the whole service at its next line. Node restores the pipe when the process exits.
 */
export function standardOutput(): LineWriterOptions['put'] {
  const descriptor = 1;
  const kind = fstatSync(descriptor);
  const fd = kind.isFIFO() || kind.isSocket() ? process.stdout.fd : descriptor;
  return (data) => (typeof data === 'string' ? writeSync(fd, data) : writeSync(fd, data));
}

/** A destination of log lines. */
export type LogDestination = 'stdout' | 'file';

/** Counts lines that a destination lost. */
export type CountLostLines = (destination: LogDestination, lines: number) => void;

/** Defines the metric of lost lines, which is 0 from the first scrape on. */
export function defineLostLines(metrics: Catalogue | undefined): CountLostLines {
  const lost = metrics?.counter({
    name: 'telemetry_log_lines_lost_total',
    help: 'Log lines lost by a destination: its disk was full, or its reader had stopped or closed the pipe.',
    labels: { destination: ['stdout', 'file'] },
  });
  return (destination, lines) => lost?.inc({ destination }, lines);
}

/**
 * Writes one line about the log to standard error, for when the log itself cannot be written.
 *
 * It is written at once or not at all: an unhandled error event of `process.stderr` would end the process, and a full pipe
 * would block it.
 */
export function writeToStandardError(text: string): void {
  try {
    // Reading `fd` from the stream makes Node set a pipe to non-blocking.
    writeSync(process.stderr.fd, `${text}\n`);
  } catch {
    // Nothing is left to write to; the metric still counts.
  }
}
