import { defineFault, type Fault } from '../fault.ts';

const stepMs = 50;
const megabyte = 1e6;

/**
 * Makes the fault that takes more and more memory. It is one buffer that grows in place, outside of the heap of
 * JavaScript: shrinking it gives its pages back to the system at once, without waiting for the garbage collector.
 */
export function createMemoryGrowth(): Fault {
  return defineFault({
    name: 'memory-growth',
    description:
      'The process takes more and more memory up to a limit, as with a leak, and holds it. Its end frees it.',
    parameters: {
      size: {
        type: 'number',
        description: 'megabytes taken in a second',
        unit: 'MB/s',
        minimum: 0.1,
        maximum: 500,
        default: 10,
      },
      limit_mb: {
        type: 'number',
        description: 'megabytes taken at most',
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
          logger.error({ fault: 'memory-growth', err: error, bytes: byteLength }, 'the system gives no more memory');
          return;
        }
        // Pages are resident only when something is written to them.
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
