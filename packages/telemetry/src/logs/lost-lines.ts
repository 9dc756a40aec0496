import { writeSync } from 'node:fs';
import type { Catalogue } from '../metrics/catalogue.ts';

/** Where lines go. */
export type LogDestination = 'stdout' | 'file';

/** Counts lines that a destination did not take. */
export type CountLostLines = (destination: LogDestination, lines: number) => void;

/** Defines the metric of lost lines, which is there at zero from the first scrape. */
export function defineLostLines(metrics: Catalogue | undefined): CountLostLines {
  const lost = metrics?.counter({
    name: 'telemetry_log_lines_lost_total',
    help: 'Log lines that a destination did not take: its disk was full, or its reader had stopped or gone.',
    labels: { destination: ['stdout', 'file'] },
  });
  return (destination, lines) => lost?.inc({ destination }, lines);
}

/**
 * Tells of the log where the log cannot: on standard error, in one line.
 *
 * An event of `process.stderr` that nobody hears would end the process, and a full pipe would stop it; so it is written at
 * once or not at all.
 */
export function writeToStandardError(text: string): void {
  try {
    // Reading the number from the stream has Node set a pipe not to block.
    writeSync(process.stderr.fd, `${text}\n`);
  } catch {
    // There is nobody left to tell; the metric counts on.
  }
}
