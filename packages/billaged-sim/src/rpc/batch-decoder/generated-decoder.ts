import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
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
      // An object for each of half a million empty samples would need 100 MB. No answer needs what they hold.
      if (body.length >= 2 * farTooMany * capacity) {
        const counted = countSamples(body);
        if (counted.sampleCount > farTooMany * capacity) return counted;
      }
      checkWireTypes(SendMetricsBatchRequestSchema, body);
      return toColumns(fromBinary(SendMetricsBatchRequestSchema, body, { readUnknownFields: false }), capacity);
    } catch (error) {
      // protobuf-es has no class for its errors; nothing else is thrown here.
      throw new WireFormatError(messageOf(error), { cause: error });
    }
  };
}

/** How many times more samples than are kept are not even decoded. A sample takes two bytes or more. */
const farTooMany = 10;

/** Reads all of a batch but its samples. @throws Error for bytes that are no protobuf message */
function countSamples(body: Buffer): ReceivedBatch {
  const reader = new BinaryReader(body);
  const { vmId, customerId, metrics } = SendMetricsBatchRequestSchema.field;
  const ids = { vmId: '', customerId: '' };
  let sampleCount = 0;
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (number === metrics.number) sampleCount += 1;
    if (number === vmId.number && wireType === WireType.LengthDelimited) ids.vmId = reader.string();
    else if (number === customerId.number && wireType === WireType.LengthDelimited) ids.customerId = reader.string();
    else reader.skip(wireType, number);
  }
  return { ...ids, sampleCount, samples: createSampleColumns(0), isChecked: false };
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
