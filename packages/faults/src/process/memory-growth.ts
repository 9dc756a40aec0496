import { defineFault, type Fault } from '../fault.ts';

const stepMs = 50;
const megabyte = 1e6;

/**
 * Makes the fault that allocates more and more memory: one buffer that grows in place, outside of the JavaScript heap.
 * Shrinking it returns its pages to the system at once, without a garbage collection.
 */
export function createMemoryGrowth(): Fault {
  return defineFault({
    name: 'memory-growth',
    description:
      'The process allocates more and more memory up to a limit, like a leak. The end of the fault frees it.',
    parameters: {
      size: {
        type: 'number',
        description: 'megabytes allocated per second',
        unit: 'MB/s',
        minimum: 0.1,
        maximum: 500,
        default: 10,
      },
      limit_mb: {
        type: 'number',
        description: 'maximum of allocated megabytes',
        unit: 'MB',
        minimum: 1,
        maximum: 8_000,
        default: 256,
      },
    },
    begin({ size, limit_mb }, { logger }) {
      const limit = Math.floor(limit_mb * megabyte);
      const ballast = new ArrayBuffer(0, { maxByteLength: limit });
      const begun = performance.now();
      const grow = () => {
        const { byteLength } = ballast;
        const wanted = Math.min(limit, Math.floor((size * megabyte * (performance.now() - begun)) / 1_000));
        try {
          ballast.resize(wanted);
        } catch (error) {
          clearInterval(timer);
          logger.error({ fault: 'memory-growth', err: error, bytes: byteLength }, 'the system refused more memory');
          return;
        }
        // A page becomes resident when it is written to.
        new Uint8Array(ballast, byteLength).fill(1);
        if (wanted === limit) clearInterval(timer);
      };
      const timer = setInterval(grow, stepMs);
      return () => {
        clearInterval(timer);
        ballast.resize(0);
      };
    },
  });
}
