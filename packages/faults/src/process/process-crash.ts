import { defineFault, type Fault } from '../fault.ts';

/** The status that a shell gives a process that was ended by SIGKILL. */
const killedStatus = 137;

/** Makes the fault that ends the process as the kernel does when memory is short: no handler runs, nothing is flushed. */
export function createProcessCrash(): Fault {
  return defineFault({
    name: 'process-crash',
    description: 'The process is gone at once, without a word, as after kill -9 or when the system is out of memory.',
    parameters: {
      size: {
        type: 'number',
        description: 'time until then, in which it can still be switched off',
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
  // Still here: the first process of a container is not ended by its own signals. No handler runs here either.
  process.removeAllListeners('exit');
  process.exit(killedStatus);
}
