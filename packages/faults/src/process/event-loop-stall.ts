import { defineFault, type Fault } from '../fault.ts';

/** Makes the fault that stops the event loop again and again, as a synchronous call does that waits for a slow disk. */
export function createEventLoopStall(): Fault {
  const never = new Int32Array(new SharedArrayBuffer(4));
  return defineFault({
    name: 'event-loop-stall',
    description:
      'Everything in the process stands still again and again: requests, scrapes, timers. It uses no processor.',
    parameters: {
      size: {
        type: 'number',
        description: 'length of a stall',
        unit: 'ms',
        minimum: 1,
        maximum: 10_000,
        default: 300,
      },
      every_s: {
        type: 'number',
        description: 'seconds from the end of a stall to the next one',
        unit: 's',
        minimum: 0.01,
        maximum: 3_600,
        default: 0.5,
      },
    },
    begin({ size, every_s }) {
      let timer: NodeJS.Timeout;
      const stall = () => {
        Atomics.wait(never, 0, 0, size);
        timer = setTimeout(stall, 1_000 * every_s);
      };
      // The answer to who has asked for it goes out first.
      timer = setTimeout(stall, 10);
      return () => clearTimeout(timer);
    },
  });
}
