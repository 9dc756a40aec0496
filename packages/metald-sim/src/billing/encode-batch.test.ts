import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBatchEncoder } from './encode-batch.ts';
import { longestVarint, writeVarint } from './encode-varint.ts';

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

test('a batch is byte for byte what the generated code writes, whatever the encoder wrote before', () => {
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

test('a varint is what the generated code writes, up to the largest 64-bit number that a double can be', () => {
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
