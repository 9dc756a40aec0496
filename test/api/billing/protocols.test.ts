import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { readMetric, scrape } from '@vmobs/testing';
import { BillingService } from '@vmobs/wire/billing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ProtocolCaller, protocolsOf } from '../../support/protocol-callers.ts';

/*
 * What a client gets does not depend on how it asks: every protocol, in every form, on the one port. One of them has a
 * route of its own for batches, the others do not.
 */

let billaged: Billaged;

beforeAll(async () => {
  billaged = await startBillaged({ port: 0, metricsPort: 0, logLevel: 'silent' });
});
afterAll(() => billaged.close());

const time = (seconds: number) => new Date(1_735_689_600_000 + seconds * 1_000).toISOString();
const samples = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ timestamp: time(at), cpuTimeNanos: String(7 * (at + 1)) }));
const invalid = (message: string) => ({ code: 'invalid_argument', message });

async function usageOf(vmId: string): Promise<unknown[]> {
  const answer = await fetch(`${billaged.url}/v1/usage?vm_id=${vmId}`);
  return ((await answer.json()) as { usage: unknown[] }).usage;
}

describe.for(Object.entries(protocolsOf(BillingService.method)))('%s', ([name, open]) => {
  let client: ProtocolCaller<keyof typeof BillingService.method>;
  beforeAll(() => {
    client = open(billaged.url);
  });
  afterAll(() => client.close());
  const vmId = `ud-${name.replaceAll(/\W/g, '')}`;

  test('bills a batch once, however often it comes', async () => {
    const { call } = client;
    const batch = { vmId, customerId: 'acme', metrics: samples(3) };
    const billed = { answer: { $typeName: expect.any(String), success: true, message: 'processed 3 metrics' } };
    expect(await call('notifyVmStarted', { vmId, customerId: 'acme', startTime: '1735689600000000000' })).toMatchObject(
      {
        answer: { success: true },
      },
    );
    expect(await call('sendMetricsBatch', batch)).toEqual(billed);
    expect(await call('sendMetricsBatch', batch)).toEqual(billed);
    expect(await usageOf(vmId)).toMatchObject([{ customer_id: 'acme', samples: 3, cpu_time_nanos: '21' }]);
    const gap = { vmId, lastSent: '1735689602000000000', resumeTime: '1735689902000000000' };
    expect(await call('notifyPossibleGap', gap)).toMatchObject({ answer: { success: true } });
    expect(await call('sendHeartbeat', { instanceId: 'metald-1', activeVms: [vmId] })).toMatchObject({
      answer: { success: true },
    });
    expect(await call('notifyVmStopped', { vmId, stopTime: '1735689903000000000' })).toMatchObject({
      answer: { success: true },
    });
  });

  test('gets the reason why a batch is empty or refused', async () => {
    const { call } = client;
    expect(await call('sendMetricsBatch', { vmId })).toMatchObject({
      answer: { success: false, message: 'no metrics provided' },
    });
    expect(await call('sendMetricsBatch', { metrics: samples(1) })).toEqual(invalid('vm_id is required'));
    expect(await call('sendMetricsBatch', { vmId, metrics: samples(1_001) })).toEqual(
      invalid('a batch has at most 1000 metrics, not 1001'),
    );
    expect(await call('sendMetricsBatch', { vmId, metrics: [{ timestamp: time(0), cpuTimeNanos: '-1' }] })).toEqual(
      invalid('metrics[0] has a negative amount'),
    );
    expect(await call('notifyVmStarted', {})).toEqual(invalid('vm_id is required'));
  });

  test('is refused a message of a megabyte, which is counted by its code', async () => {
    const series = { method: 'SendMetricsBatch', code: 'resource_exhausted' };
    const refusals = async () =>
      readMetric(await scrape(billaged.telemetry.metricsUrl ?? ''), 'billaged_api_requests_total', series);
    const before = await refusals();
    expect(await client.call('sendMetricsBatch', { vmId: 'x'.repeat(1024 ** 2) })).toMatchObject({
      code: 'resource_exhausted',
      message: expect.stringMatching(/readMaxBytes (1048576|458752)$/),
    });
    await expect.poll(refusals).toBe(before + 1);
  });
});
