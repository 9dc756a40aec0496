import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBatchEncoder } from './batch-encoder.ts';
import { longestVarint, writeVarint } from './varint.ts';

/** Whole numbers of every length, not only long ones. */
const amount = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 53 }).map((bits) => Math.min(2 ** bits, Number.MAX_SAFE_INTEGER)),
  fc.integer({ min: 1, max: 53 }).map((bits) => 2 ** bits - 1),
);
const sample = fc.record({
  unixMs: fc.integer({ min: 0, max: 8_640_000_000_000_000 }),
  amounts: fc.array(amount, { minLength: 6, maxLength: 6 }),
});
const text = fc.string({ unit: 'grapheme', maxLength: 200 });
const request = fc.record({ vmId: text, customerId: text, samples: fc.array(sample, { maxLength: 50 }) });

/** What the generated code makes of the same. */
function generated({ vmId, customerId, samples }: typeof request extends fc.Arbitrary<infer T> ? T : never) {
  return create(SendMetricsBatchRequestSchema, {
    vmId,
    customerId,
    metrics: samples.map(({ unixMs, amounts: [cpu = 0, memory = 0, read = 0, write = 0, rx = 0, tx = 0] }) => ({
      timestamp: { seconds: BigInt(Math.floor(unixMs / 1_000)), nanos: (unixMs % 1_000) * 1_000_000 },
      cpuTimeNanos: BigInt(cpu),
      memoryUsageBytes: BigInt(memory),
      diskReadBytes: BigInt(read),
      diskWriteBytes: BigInt(write),
      networkRxBytes: BigInt(rx),
      networkTxBytes: BigInt(tx),
    })),
  });
}

test('a batch equals the output of the generated code, whatever was encoded before', () => {
  const encoder = createBatchEncoder();
  fc.assert(
    fc.property(request, (content) => {
      encoder.begin(content.vmId, content.customerId);
      for (const { unixMs, amounts } of content.samples) encoder.add(unixMs, Float64Array.from(amounts));
      const bytes = encoder.end();
      const expected = generated(content);
      expect(Buffer.from(bytes).equals(toBinary(SendMetricsBatchRequestSchema, expected))).toBe(true);
      expect(fromBinary(SendMetricsBatchRequestSchema, bytes)).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});

test('a batch that outgrows its memory equals the output of the generated code', () => {
  const samples = Array.from({ length: 600 }, (_, index) => ({
    unixMs: 1_700_000_000_000 + index,
    amounts: Array<number>(6).fill(Number.MAX_SAFE_INTEGER - index),
  }));
  const content = { vmId: 'ud-1', customerId: 'acme', samples };
  const encoder = createBatchEncoder();
  encoder.begin(content.vmId, content.customerId);
  for (const { unixMs, amounts } of samples) encoder.add(unixMs, Float64Array.from(amounts));
  const expected = toBinary(SendMetricsBatchRequestSchema, generated(content));
  expect(Buffer.from(encoder.end()).equals(expected)).toBe(true);
});

test('a batch does not change when the next one is written', () => {
  const encoder = createBatchEncoder();
  encoder.begin('ud-1', 'acme');
  const bytes = encoder.end();
  const before = [...bytes];
  encoder.begin('ud-2', 'globex');
  encoder.end();
  expect([...bytes]).toEqual(before);
  expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
});

test('varints equal those of the generated code, up to the largest 64-bit double', () => {
  const largest = 2 ** 63 - 1_024;
  fc.assert(
    fc.property(fc.oneof(amount, fc.constant(largest)), (value) => {
      const bytes = new Uint8Array(longestVarint);
      const end = writeVarint(bytes, 0, value);
      expect([...bytes.subarray(0, end)]).toEqual([...new BinaryWriter().int64(BigInt(value)).finish()]);
    }),
    { numRuns: 1_000 },
  );
});
