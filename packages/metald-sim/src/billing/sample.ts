import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import type { Usage } from '../fleet/usage.ts';

/** One sample as billaged takes it. */
export type Sample = ReturnType<typeof takeSample>;

/** Writes down what a VM has used until a moment. Fractions of a unit are not billed until they are whole. */
export function takeSample(usage: Usage, unixMs: number) {
  return {
    timestamp: timestampFromMs(unixMs),
    cpuTimeNanos: wholeUnits(usage.cpuNanos),
    memoryUsageBytes: wholeUnits(usage.memoryBytes),
    diskReadBytes: wholeUnits(usage.diskReadBytes),
    diskWriteBytes: wholeUnits(usage.diskWriteBytes),
    networkRxBytes: wholeUnits(usage.networkRxBytes),
    networkTxBytes: wholeUnits(usage.networkTxBytes),
  };
}

function wholeUnits(amount: number): bigint {
  return BigInt(Math.floor(amount));
}
