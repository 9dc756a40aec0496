import { create, toBinary } from '@bufbuild/protobuf';
import { SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';

/** Samples in a batch: one minute of one VM, as metald sends it. */
export const samplesPerBatch = 600;

const idDigits = 16;

/** Bodies of consecutive batches, which can be written for any VM. */
export interface BatchBodies {
  readonly count: number;
  /** Length of the largest body. */
  readonly maxLength: number;
  /** Writes a body with the id of a VM. @returns its length */
  write(target: Buffer, offset: number, minute: number, vm: number): number;
}

/** Makes `count` minutes of samples of one VM, ten a second. They end an hour ago. */
export function createBatchBodies(count: number, now = Date.now()): BatchBodies {
  const begin = Math.floor(now / 1_000) - 3_600 - count * 60;
  const bodies = Array.from({ length: count }, (_, minute) => bodyOf(begin + minute * 60, minute * samplesPerBatch));
  return {
    count,
    maxLength: Math.max(...bodies.map((body) => body.length)),
    write(target, offset, minute, vm) {
      const body = bodies[minute % count];
      if (body === undefined) throw new RangeError('there are no bodies');
      body.copy(target, offset);
      // The id is the first field: a tag, a length, `ud-`, then the digits.
      target.write(vm.toString(16).padStart(idDigits, '0'), offset + 5, idDigits, 'latin1');
      return body.length;
    },
  };
}

function bodyOf(beginSeconds: number, firstSample: number): Buffer {
  const metrics = Array.from({ length: samplesPerBatch }, (_, index) => {
    const sample = firstSample + index;
    return {
      timestamp: { seconds: BigInt(beginSeconds + Math.floor(index / 10)), nanos: (index % 10) * 100_000_000 + 12_345 },
      cpuTimeNanos: BigInt(1_000_000_000_000 + sample * 30_000_000 + ((sample * 7_919) % 10_000_000)),
      memoryUsageBytes: BigInt(512 * 1024 ** 2 + ((sample * 4_096) % (64 * 1024 ** 2))),
      diskReadBytes: BigInt(1_000_000_000 + sample * 409),
      diskWriteBytes: BigInt(2_000_000_000 + sample * 204),
      networkRxBytes: BigInt(500_000_000 + sample * 102),
      networkTxBytes: BigInt(300_000_000 + sample * 51),
    };
  });
  const vmId = `ud-${'0'.repeat(idDigits)}`;
  const request = create(SendMetricsBatchRequestSchema, { vmId, customerId: 'customer-1', metrics });
  return Buffer.from(toBinary(SendMetricsBatchRequestSchema, request));
}
