import { create, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { billingClient } from '../support/clients.ts';

let billaged: Billaged;

beforeAll(async () => {
  billaged = await startBillaged({ port: 0, metricsPort: 0, logLevel: 'silent' });
});
afterAll(() => billaged.close());

const sampleAt = (seconds: bigint) => ({ timestamp: { seconds, nanos: 0 }, cpuTimeNanos: seconds * 1_000n });

describe.each([
  ['binary', true],
  ['JSON', false],
])('a Connect client that speaks %s', (form, useBinaryFormat) => {
  const vmId = `ud-${form}`;

  test('is answered on all five methods', async () => {
    const client = billingClient(billaged.url, useBinaryFormat);
    expect(await client.notifyVmStarted({ vmId, customerId: 'acme', startTime: 1n })).toMatchObject({ success: true });
    expect(await client.sendHeartbeat({ instanceId: 'metald-1', activeVms: [] })).toMatchObject({ success: true });
    const batch = { vmId, customerId: 'acme', metrics: [sampleAt(1n), sampleAt(2n)] };
    expect(await client.sendMetricsBatch(batch)).toMatchObject({ success: true, message: 'processed 2 metrics' });
    expect(await client.notifyPossibleGap({ vmId, lastSent: 1n, resumeTime: 2n })).toMatchObject({ success: true });
    expect(await client.notifyVmStopped({ vmId, stopTime: 3n })).toMatchObject({ success: true });
    expect(await client.notifyVmStopped({ vmId: 'ud-unknown' })).toMatchObject({ success: true });
  });

  test('gets an answer to an empty batch without an error', async () => {
    const answer = await billingClient(billaged.url, useBinaryFormat).sendMetricsBatch({ vmId });
    expect(answer).toMatchObject({ success: false, message: expect.stringMatching(/no metrics/) });
  });

  test('gets the reason why a batch is refused', async () => {
    const client = billingClient(billaged.url, useBinaryFormat);
    const refusal = async (batch: Parameters<typeof client.sendMetricsBatch>[0]) => {
      const error = await client.sendMetricsBatch(batch).catch((reason: unknown) => ConnectError.from(reason));
      return error instanceof ConnectError ? error : undefined;
    };
    const missingTime = await refusal({ vmId, metrics: [sampleAt(5n), {}] });
    expect(missingTime?.code).toBe(Code.InvalidArgument);
    expect(missingTime?.rawMessage).toBe('metrics[1].timestamp is required');
    const tooMany = await refusal({ vmId, metrics: Array.from({ length: 1_001 }, () => sampleAt(6n)) });
    expect(tooMany?.rawMessage).toMatch(/at most 1000 metrics, not 1001/);
  });
});

test('numbers on the wire are those of the real services', () => {
  const request = create(SendMetricsBatchRequestSchema, {
    vmId: 'v',
    customerId: 'c',
    metrics: [
      {
        timestamp: { seconds: 1n, nanos: 2 },
        cpuTimeNanos: 3n,
        memoryUsageBytes: 4n,
        diskReadBytes: 5n,
        diskWriteBytes: 6n,
        networkRxBytes: 7n,
        networkTxBytes: 8n,
      },
    ],
  });
  // Written out by hand: field number * 8 + wire type, then the value.
  const sample = [0x0a, 4, 0x08, 1, 0x10, 2, 0x10, 3, 0x18, 4, 0x20, 5, 0x28, 6, 0x30, 7, 0x38, 8];
  const expected = [0x0a, 1, 0x76, 0x12, 1, 0x63, 0x1a, sample.length, ...sample];
  expect([...toBinary(SendMetricsBatchRequestSchema, request)]).toEqual(expected);
});
