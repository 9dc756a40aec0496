import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeLoad, formatTable, medianOf } from './report.ts';

const rounds = 5;
const lines = 300_000;

const program = fileURLToPath(new URL('logs/write-lines.ts', import.meta.url));

/**
 * CPU of one log line to /dev/null: of this project, which numbers and redacts it, and of pino alone. Each runs in its own
 * process, in turns.
 */
export async function benchLogs(): Promise<void> {
  process.stdout.write(`${describeLoad('before')}\n`);
  const figures = { vmobs: [] as number[], pino: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const logger of ['vmobs', 'pino'] as const) figures[logger].push(await measure(logger));
  }
  const base = medianOf(figures.pino);
  const rows = Object.entries(figures).map(([logger, microseconds]) => ({
    logger,
    'CPU us/line': medianOf(microseconds).toFixed(2),
    spread: `${Math.min(...microseconds).toFixed(2)} - ${Math.max(...microseconds).toFixed(2)}`,
    'of pino': (medianOf(microseconds) / base).toFixed(2),
  }));
  process.stdout.write(`${formatTable(rows)}\nmedian of ${rounds} rounds of ${lines} lines\n`);
}

/** @returns microseconds of CPU that a line takes */
async function measure(logger: string): Promise<number> {
  const command = `exec "$0" "$1" ${logger} ${lines} > /dev/null`;
  const { stderr } = await promisify(execFile)('sh', ['-c', command, process.execPath, program]);
  return Number(stderr);
}
