import { startTelemetry } from '@vmobs/telemetry';
import { type Logger, pino } from 'pino';

/*
 * Writes lines of a request to standard output and says on standard error what one took: `node write-lines.ts <who> <lines>`.
 */

/** Loggers that are compared, each with what is in our lines. */
const loggers: Readonly<Record<string, () => Promise<Logger>>> = {
  // Numbers lines, redacts them, and loses none.
  vmobs: async () => (await startTelemetry({ name: 'bench', version: '1.0.0', metricsPort: 0 })).logger,
  pino: async () =>
    pino({ base: { service: 'bench' }, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: nameLevel } }),
};

function nameLevel(level: string): object {
  return { level };
}

const [who = '', lines = '0'] = process.argv.slice(2);
const logger = await loggers[who]?.();
if (logger === undefined) throw new RangeError(`there is no ${who}; there are ${Object.keys(loggers).join(', ')}`);

const write = (count: number) => {
  for (let line = 0; line < count; line++) {
    logger.info({ method: 'GET', route: '/vms/:id', status: 200, duration_ms: line / 1_000 }, 'http request');
  }
};
write(20_000);
const start = process.cpuUsage();
write(Number(lines));
const { user, system } = process.cpuUsage(start);
process.stderr.write(`${(user + system) / Number(lines)}\n`);
process.exit();
