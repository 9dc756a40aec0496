import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import { expect, test } from 'vitest';
import { readBatch } from './read-batch.ts';

const read = (request: MessageInitShape<typeof SendMetricsBatchRequestSchema>) =>
  readBatch(create(SendMetricsBatchRequestSchema, request));
const sampleAt = (seconds: bigint) => ({ timestamp: { seconds } });

test('a batch is read with its owner, its samples in order, and every counter in its place', () => {
  const batch = read({
    vmId: 'ud-1',
    customerId: 'acme',
    metrics: [
      {
        timestamp: { seconds: 1_735_689_600n, nanos: 123_456_789 },
        cpuTimeNanos: 1n,
        memoryUsageBytes: 2n,
        diskReadBytes: 3n,
        diskWriteBytes: 4n,
        networkRxBytes: 5n,
        networkTxBytes: 6n,
      },
      sampleAt(1_735_689_601n),
    ],
  });
  expect(batch).toEqual({
    vmId: 'ud-1',
    customerId: 'acme',
    samples: [
      {
        timeNanos: 1_735_689_600_123_456_789n,
        memoryBytes: 2n,
        counters: { cpuNanos: 1n, diskReadBytes: 3n, diskWriteBytes: 4n, networkRxBytes: 5n, networkTxBytes: 6n },
      },
      {
        timeNanos: 1_735_689_601_000_000_000n,
        memoryBytes: 0n,
        counters: { cpuNanos: 0n, diskReadBytes: 0n, diskWriteBytes: 0n, networkRxBytes: 0n, networkTxBytes: 0n },
      },
    ],
  });
});

test('a thousand samples are taken', () => {
  const metrics = Array.from({ length: 1_000 }, (_, index) => sampleAt(BigInt(index)));
  expect(read({ vmId: 'ud-1', metrics }).samples).toHaveLength(1_000);
});

test.for([
  { what: 'a batch of no VM', request: { vmId: '', metrics: [sampleAt(1n)] }, message: 'vm_id is required' },
  {
    what: 'a batch of more than a thousand samples',
    request: { vmId: 'ud-1', metrics: Array.from({ length: 1_001 }, () => sampleAt(1n)) },
    message: 'a batch has at most 1000 metrics, not 1001',
  },
  {
    what: 'a sample after the year 9999',
    request: { vmId: 'ud-1', metrics: [sampleAt(253_402_300_800n)] },
    message: 'metrics[0].timestamp is not between the years 1 and 9999',
  },
  {
    what: 'a sample whose nanoseconds are no fraction of a second',
    request: { vmId: 'ud-1', metrics: [{ timestamp: { seconds: 1n, nanos: 1_000_000_000 } }] },
    message: 'metrics[0].timestamp is not between the years 1 and 9999',
  },
  {
    what: 'a counter below zero',
    request: { vmId: 'ud-1', metrics: [sampleAt(1n), { ...sampleAt(2n), networkTxBytes: -1n }] },
    message: 'metrics[1] has a negative amount',
  },
  {
    what: 'memory below zero',
    request: { vmId: 'ud-1', metrics: [{ ...sampleAt(1n), memoryUsageBytes: -1n }] },
    message: 'metrics[0] has a negative amount',
  },
  {
    what: 'a sample without a time',
    request: { vmId: 'ud-1', metrics: [sampleAt(1n), { cpuTimeNanos: 1n }] },
    message: 'metrics[1].timestamp is required',
  },
])('$what is invalid', ({ request, message }) => {
  expect(() => read(request)).toThrow(expect.objectContaining({ rawMessage: message, code: Code.InvalidArgument }));
});
