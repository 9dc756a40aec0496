import { Code, ConnectError } from '@connectrpc/connect';
import type { SendMetricsBatchRequest, VMMetrics } from '@vmobs/wire/billing';
import type { UsageBatch, UsageSample } from '../ledger/ledger.ts';

/** Most samples in a batch, as billaged documents it. */
const largestBatch = 1_000;

/** The range of google.protobuf.Timestamp: the years 1 to 9999. */
const earliestSeconds = -62_135_596_800n;
const latestSeconds = 253_402_300_799n;

/**
 * Reads a batch from the wire.
 *
 * @throws ConnectError `invalid_argument` for a batch that cannot be billed: no VM, too many samples, no time, less than nothing used.
 */
export function readBatch({ vmId, customerId, metrics }: SendMetricsBatchRequest): UsageBatch {
  if (vmId === '') throw new ConnectError('vm_id is required', Code.InvalidArgument);
  if (metrics.length > largestBatch) {
    throw new ConnectError(`a batch has at most ${largestBatch} metrics, not ${metrics.length}`, Code.InvalidArgument);
  }
  return { vmId, customerId, samples: metrics.map((sample, index) => readSample(sample, `metrics[${index}]`)) };
}

function readSample(sample: VMMetrics, where: string): UsageSample {
  const { timestamp, memoryUsageBytes: memoryBytes } = sample;
  const counters = {
    cpuNanos: sample.cpuTimeNanos,
    diskReadBytes: sample.diskReadBytes,
    diskWriteBytes: sample.diskWriteBytes,
    networkRxBytes: sample.networkRxBytes,
    networkTxBytes: sample.networkTxBytes,
  };
  if (timestamp === undefined) throw new ConnectError(`${where}.timestamp is required`, Code.InvalidArgument);
  const { seconds, nanos } = timestamp;
  if (seconds < earliestSeconds || seconds > latestSeconds || nanos < 0 || nanos > 999_999_999) {
    throw new ConnectError(`${where}.timestamp is not between the years 1 and 9999`, Code.InvalidArgument);
  }
  if (memoryBytes < 0n || Object.values(counters).some((value) => value < 0n)) {
    throw new ConnectError(`${where} has a negative amount`, Code.InvalidArgument);
  }
  return { timeNanos: seconds * 1_000_000_000n + BigInt(nanos), memoryBytes, counters };
}
