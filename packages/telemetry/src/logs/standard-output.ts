import { fstatSync, writeSync } from 'node:fs';
import type { LineWriterOptions } from './line-writer.ts';

/**
 * Gives what a line writer writes to standard output with.
 *
 * A pipe is set not to block, as Node does it for `process.stdout`: otherwise one full pipe, whose reader has stopped, would
 * stop the whole service at its next line. Node gives the pipe back as it was when the process exits.
 */
export function standardOutput(): LineWriterOptions['put'] {
  const descriptor = 1;
  const kind = fstatSync(descriptor);
  const fd = kind.isFIFO() || kind.isSocket() ? process.stdout.fd : descriptor;
  return (data) => (typeof data === 'string' ? writeSync(fd, data) : writeSync(fd, data));
}
