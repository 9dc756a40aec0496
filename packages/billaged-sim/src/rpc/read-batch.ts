import { Code, ConnectError } from '@connectrpc/connect';
import type { SendMetricsBatchRequest } from '@vmobs/wire/billing';
import type { UsageBatch } from '../ledger/ledger.ts';

/** Most samples in a batch, as billaged documents it. */
const largestBatch = 1_000;

/**
 * Reads a batch from the wire.
 *
 * @throws ConnectError `invalid_argument` for a batch that cannot be billed: no VM, too many samples, no time.
 */
export function readBatch({ vmId, customerId, metrics }: SendMetricsBatchRequest): UsageBatch {
  if (vmId === '') throw new ConnectError('vm_id is required', Code.InvalidArgument);
  if (metrics.length > largestBatch) {
    throw new ConnectError(`a batch has at most ${largestBatch} metrics, not ${metrics.length}`, Code.InvalidArgument);
  }
  const samples = metrics.map((sample, index) => {
    if (sample.timestamp === undefined) {
      throw new ConnectError(`metrics[${index}].timestamp is required`, Code.InvalidArgument);
    }
    return {
      timeNanos: sample.timestamp.seconds * 1_000_000_000n + BigInt(sample.timestamp.nanos),
      memoryBytes: sample.memoryUsageBytes,
      counters: {
        cpuNanos: sample.cpuTimeNanos,
        diskReadBytes: sample.diskReadBytes,
        diskWriteBytes: sample.diskWriteBytes,
        networkRxBytes: sample.networkRxBytes,
        networkTxBytes: sample.networkTxBytes,
      },
    };
  });
  return { vmId, customerId, samples };
}
