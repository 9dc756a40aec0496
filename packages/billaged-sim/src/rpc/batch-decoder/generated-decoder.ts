import { fromBinary } from '@bufbuild/protobuf';
import { messageOf } from '@vmobs/settings';
import { type SendMetricsBatchRequest, SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import { createSampleColumns } from '../../ledger/sample-columns.ts';
import { type BatchDecoder, type ReceivedBatch, WireFormatError } from './received-batch.ts';
import { checkWireTypes } from './wire-types.ts';

/**
 * Makes the decoder that reads every valid body, by the code that is generated from the `.proto` file. It is about a hundred
 * times slower than the fast decoder.
 *
 * @param capacity maximum number of samples that are kept of a batch; the rest is only counted
 */
export function createGeneratedDecoder(capacity: number): BatchDecoder {
  return (body) => {
    try {
      checkWireTypes(SendMetricsBatchRequestSchema, body);
      return toColumns(fromBinary(SendMetricsBatchRequestSchema, body), capacity);
    } catch (error) {
      // protobuf-es has no class for its errors; nothing else is thrown here.
      throw new WireFormatError(messageOf(error), { cause: error });
    }
  };
}

/**
 * Copies a decoded message into columns.
 *
 * @param capacity maximum number of samples that are kept; the rest is only counted
 */
export function toColumns({ vmId, customerId, metrics }: SendMetricsBatchRequest, capacity: number): ReceivedBatch {
  const sampleCount = metrics.length;
  const samples = createSampleColumns(Math.min(sampleCount, capacity));
  samples.length = samples.seconds.length;
  for (const [row, sample] of metrics.slice(0, capacity).entries()) {
    const { timestamp } = sample;
    samples.seconds[row] = timestamp === undefined ? Number.NaN : exactOrInfinite(timestamp.seconds);
    samples.nanos[row] = timestamp?.nanos ?? 0;
    samples.cpuNanos[row] = exactOrInfinite(sample.cpuTimeNanos);
    samples.memoryBytes[row] = exactOrInfinite(sample.memoryUsageBytes);
    samples.diskReadBytes[row] = exactOrInfinite(sample.diskReadBytes);
    samples.diskWriteBytes[row] = exactOrInfinite(sample.diskWriteBytes);
    samples.networkRxBytes[row] = exactOrInfinite(sample.networkRxBytes);
    samples.networkTxBytes[row] = exactOrInfinite(sample.networkTxBytes);
  }
  return { vmId, customerId, sampleCount, samples, isChecked: false };
}

/** An int64 as a number. A value that a number cannot hold exactly becomes infinite, so that the later check refuses it. */
function exactOrInfinite(value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : number > 0 ? Infinity : -Infinity;
}
