import { defineFault, type Fault } from '../fault.ts';

/** The exit status that a shell reports for SIGKILL. */
const killedStatus = 137;

/** Makes the fault that kills the process like the kernel's out-of-memory killer: no handler runs, nothing is flushed. */
export function createProcessCrash(): Fault {
  return defineFault({
    name: 'process-crash',
    description: 'The process is killed at once, as by kill -9 or by the out-of-memory killer.',
    parameters: {
      size: {
        type: 'number',
        description: 'delay, during which the fault can still be switched off',
        unit: 'ms',
        minimum: 50,
        maximum: 3_600_000,
        default: 100,
      },
    },
    begin({ size }) {
      const timer = setTimeout(crash, size);
      return () => clearTimeout(timer);
    },
  });
}

function crash(): never {
  process.kill(process.pid, 'SIGKILL');
  // Reached only by the first process of a container, which its own signals do not kill. No handler runs here either.
  process.removeAllListeners('exit');
  process.exit(killedStatus);
}
