import { cpus, loadavg, totalmem } from 'node:os';

/** Says on what a figure was measured. */
export function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  return `Node ${process.version}, ${cpus().length} x ${first?.model ?? 'unknown processor'}, ${memory} GB, ${process.platform}`;
}

/** Says what else runs, which spoils every figure: the load over 1, 5 and 15 minutes. */
export function loadOfMachine(when: 'before' | 'after'): string {
  return `load of the machine ${when}: ${loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')}`;
}
