import { cpus, totalmem } from 'node:os';

/** Says on what a figure was measured. */
export function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `Node ${process.version}, ${cpus().length} x ${first?.model ?? 'unknown processor'}, ${memory} GB, ${process.platform}`;
}
