import { defineFault, type Fault } from '../fault.ts';

const stepMs = 50;

/** Lines that are written at once at most: what a process that stood still has missed is not made up for. */
const longestBurstMs = 250;

/** Makes the fault that writes more log lines than anybody can read. */
export function createLogFlood(): Fault {
  return defineFault({
    name: 'log-flood',
    description:
      'The log is full of one repeated line: files grow, what ships and stores logs has work, searches find less.',
    parameters: {
      size: {
        type: 'number',
        description: 'lines in a second',
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
