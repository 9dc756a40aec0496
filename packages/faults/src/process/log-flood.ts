import { defineFault, type Fault } from '../fault.ts';

const stepMs = 50;

/** Maximum time in milliseconds that is caught up at once, so that a blocked process does not write all missed lines. */
const longestBurstMs = 250;

/** Makes the fault that floods the log with one line. */
export function createLogFlood(): Fault {
  return defineFault({
    name: 'log-flood',
    description: 'The log is flooded with one repeated line: files grow, and log shipper and store are loaded.',
    parameters: {
      size: {
        type: 'number',
        description: 'lines per second',
        unit: 'lines/s',
        minimum: 1,
        maximum: 20_000,
        default: 500,
      },
    },
    begin({ size }, { logger }) {
      let writtenUntil = performance.now();
      let line = 0;
      const write = () => {
        const now = performance.now();
        writtenUntil = Math.max(writtenUntil, now - longestBurstMs);
        const due = Math.floor(((now - writtenUntil) * size) / 1_000);
        writtenUntil += (1_000 * due) / size;
        for (const last = line + due; line < last; line += 1) {
          logger.info({ attempt: line, peer: '192.0.2.1' }, 'connection was reset by peer; trying again');
        }
      };
      const timer = setInterval(write, stepMs);
      return () => clearInterval(timer);
    },
  });
}
