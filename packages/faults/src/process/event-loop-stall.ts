import { defineFault, type Fault } from '../fault.ts';

/** Makes the fault that blocks the event loop repeatedly, like synchronous calls to a slow disk. */
export function createEventLoopStall(): Fault {
  const never = new Int32Array(new SharedArrayBuffer(4));
  return defineFault({
    name: 'event-loop-stall',
    description: 'The event loop is blocked repeatedly: requests, scrapes and timers wait. It uses no CPU.',
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
        description: 'time between two stalls',
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
      // The response to the request is sent first.
      timer = setTimeout(stall, 10);
      return () => clearTimeout(timer);
    },
  });
}
