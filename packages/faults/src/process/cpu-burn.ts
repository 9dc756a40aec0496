import { defineFault, type Fault } from '../fault.ts';

/** Length of a slice of work and rest in milliseconds; a request waits for at most the work of one slice. */
const sliceMs = 20;

/** Makes the fault that uses a share of a core. */
export function createCpuBurn(): Fault {
  return defineFault({
    name: 'cpu-burn',
    description: `The process uses more CPU time, in slices of ${sliceMs} ms, so requests wait a little.`,
    parameters: {
      size: {
        type: 'number',
        description: 'share of one core',
        unit: 'cores',
        minimum: 0.01,
        maximum: 1,
        default: 0.8,
      },
    },
    begin({ size }) {
      let timer: NodeJS.Timeout;
      let restsSince = performance.now();
      const work = () => {
        // Timers are late, so the work follows from the actual rest.
        const begun = performance.now();
        const restedMs = begun - restsSince;
        const workMs = size === 1 ? sliceMs : Math.min((restedMs * size) / (1 - size), sliceMs);
        while (performance.now() - begun < workMs);
        restsSince = performance.now();
        timer = setTimeout(work, (sliceMs * (1 - size)) | 0);
      };
      timer = setTimeout(work);
      return () => clearTimeout(timer);
    },
  });
}
