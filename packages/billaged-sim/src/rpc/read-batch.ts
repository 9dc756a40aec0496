import type { SendMetricsBatchRequest } from '@vmobs/wire/billing';
import { createSampleColumns } from '../ledger/sample-columns.ts';
import { exactOrInfinite } from './batch-decoder/protobuf-wire.ts';
import type { ReceivedBatch } from './batch-decoder/received-batch.ts';
import { largestBatch } from './check-batch.ts';

/** Puts a batch into columns that was read by the generated code: JSON, gRPC, gRPC-Web. */
export function readBatch({ vmId, customerId, metrics }: SendMetricsBatchRequest): ReceivedBatch {
  const sampleCount = metrics.length;
  const samples = createSampleColumns(Math.min(sampleCount, largestBatch));
  samples.length = samples.seconds.length;
  for (const [row, sample] of metrics.slice(0, largestBatch).entries()) {
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
