import { expect, test } from 'vitest';
import type { VmUsage } from '../ledger/ledger.ts';
import { resourceScore, summarise } from './summary.ts';

const MiB = 1024n ** 2n;
const nothing = { cpuNanos: 0n, diskReadBytes: 0n, diskWriteBytes: 0n, networkRxBytes: 0n, networkTxBytes: 0n };

const usage: VmUsage = {
  vmId: 'ud-1',
  customerId: 'acme',
  startNanos: 1_735_689_600_123_456_789n,
  endNanos: 1_735_689_660_000_000_000n,
  sampleCount: 3,
  gaps: 0,
  memoryByteMillis: 0n,
  growth: {
    cpuNanos: 12_345_678_901n,
    diskReadBytes: 80n * MiB,
    diskWriteBytes: 40n * MiB,
    networkRxBytes: 20n * MiB,
    networkTxBytes: MiB / 2n,
  },
  memorySumBytes: 1_000n * MiB,
  memoryMaxBytes: 512n * MiB,
};

test('a summary has the documented fields in their units', () => {
  expect(summarise(usage)).toEqual({
    vm_id: 'ud-1',
    customer_id: 'acme',
    start_time: '2025-01-01T00:00:00.123Z',
    end_time: '2025-01-01T00:01:00.000Z',
    cpu_time_used_ms: 12_345.679,
    cpu_time_used_seconds: 12.346,
    avg_memory_usage_mb: 333.333,
    max_memory_usage_mb: 512,
    disk_read_mb: 80,
    disk_write_mb: 40,
    total_disk_io_mb: 120,
    network_rx_mb: 20,
    network_tx_mb: 0.5,
    total_network_io_mb: 20.5,
    // 12.345678901 s x 1.0 + 0.5 GiB x 0.5 + 120 MiB x 0.3 = 12.345678901 + 0.25 + 36
    resource_score: '48.60',
    sample_count: 3,
  });
});

test('the resource score weighs CPU seconds, peak GiB of memory and MiB of disk I/O', () => {
  const growth = { ...nothing, cpuNanos: 10_000_000_000n, diskReadBytes: 30n * MiB, diskWriteBytes: 20n * MiB };
  // 10 s x 1.0 + 2 GiB x 0.5 + 50 MiB x 0.3 = 10 + 1 + 15
  expect(resourceScore({ growth, memoryMaxBytes: 2_048n * MiB })).toBeCloseTo(26, 9);
});

test.for([
  { what: 'a second of CPU', growth: { cpuNanos: 1_000_000_000n }, memoryMaxBytes: 0n, score: 1 },
  { what: 'a peak of a GiB', growth: {}, memoryMaxBytes: 1_024n * MiB, score: 0.5 },
  { what: 'a MiB read', growth: { diskReadBytes: MiB }, memoryMaxBytes: 0n, score: 0.3 },
  { what: 'a MiB written', growth: { diskWriteBytes: MiB }, memoryMaxBytes: 0n, score: 0.3 },
  { what: 'network traffic', growth: { networkRxBytes: MiB, networkTxBytes: MiB }, memoryMaxBytes: 0n, score: 0 },
])('$what scores $score', ({ growth, memoryMaxBytes, score }) => {
  expect(resourceScore({ growth: { ...nothing, ...growth }, memoryMaxBytes })).toBeCloseTo(score, 9);
});

test('a VM without samples has used nothing', () => {
  const summary = summarise({
    ...usage,
    sampleCount: 0,
    growth: nothing,
    memorySumBytes: 0n,
    memoryMaxBytes: 0n,
    endNanos: usage.startNanos,
  });
  expect(summary).toMatchObject({
    end_time: summary.start_time,
    avg_memory_usage_mb: 0,
    cpu_time_used_ms: 0,
    total_disk_io_mb: 0,
    total_network_io_mb: 0,
    resource_score: '0.00',
    sample_count: 0,
  });
});
