import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type SendMetricsBatchRequest, SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SampleColumns } from '../../ledger/sample-columns.ts';
import { checkBatch } from '../check-batch.ts';
import { readBatch } from '../read-batch.ts';
import { createBatchDecoder } from './batch-decoder.ts';
import { WireFormatError } from './protobuf-wire.ts';
import type { ReceivedBatch } from './received-batch.ts';

const capacity = 1_000;
const decode = createBatchDecoder(capacity);

/** A batch as plain values: columns are used again, and are longer than what is in them. */
function plain({ samples, isChecked: _, ...ids }: ReceivedBatch) {
  const columns = Object.entries(samples).filter((entry): entry is [string, SampleColumns['seconds']] => {
    return typeof entry[1] !== 'number';
  });
  return { ...ids, columns: columns.map(([name, column]) => [name, ...column.subarray(0, samples.length)]) };
}

/** What the generated decoder makes of a body. */
const oracle = (bytes: Uint8Array) => plain(readBatch(fromBinary(SendMetricsBatchRequestSchema, bytes)));
const decoded = (bytes: Uint8Array) => plain(decode(Buffer.from(bytes)));

function attempt<T>(work: () => T): T | Error {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

const int64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
  fc.bigInt({ min: 0n, max: 2n ** 28n }),
  fc.constantFrom(
    0n,
    127n,
    128n,
    2n ** 28n - 1n,
    2n ** 28n,
    2n ** 32n,
    2n ** 35n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 56n,
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const sample = fc.record(
  {
    timestamp: fc.record({ seconds: int64, nanos: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }),
    cpuTimeNanos: int64,
    memoryUsageBytes: int64,
    diskReadBytes: int64,
    diskWriteBytes: int64,
    networkRxBytes: int64,
    networkTxBytes: int64,
  },
  { requiredKeys: [] },
);
const request: fc.Arbitrary<SendMetricsBatchRequest> = fc
  .record({
    vmId: fc.string({ unit: 'grapheme' }),
    customerId: fc.string({ unit: 'grapheme', minLength: 0, maxLength: 200 }),
    metrics: fc.array(sample, { maxLength: 20 }),
  })
  .map((init) => create(SendMetricsBatchRequestSchema, init));

test('what any encoder writes is read as by the generated decoder', () => {
  fc.assert(
    fc.property(request, (message) => {
      const bytes = toBinary(SendMetricsBatchRequestSchema, message);
      expect(decoded(bytes)).toEqual(oracle(bytes));
    }),
    { numRuns: 500 },
  );
});

const sizeOf = (value: bigint) => Math.max(1, Math.ceil(BigInt.asUintN(64, value).toString(2).length / 7));

/** A number in more bytes than it needs, as protobuf allows. */
function longVarint(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, index) => {
    const bits = Number((BigInt.asUintN(64, value) >> BigInt(7 * index)) & 0x7fn);
    return index === size - 1 ? bits : bits | 0x80;
  });
}

/** Bytes of one field; `known` fields have the wire type that the message gives them. */
const longTag = (field: number, wireType: number) =>
  fc.integer({ min: 1, max: 5 }).map((size) => longVarint(BigInt(field * 8 + wireType), size));
const numberField = (field: number) =>
  fc
    .tuple(longTag(field, 0), int64, fc.integer({ min: 1, max: 10 }))
    .map(([tag, value, size]) => [...tag, ...longVarint(value, Math.max(size, sizeOf(value)))]);
const bytesField = (field: number, content: fc.Arbitrary<number[]>) =>
  fc
    .tuple(longTag(field, 2), content, fc.integer({ min: 2, max: 5 }))
    .map(([tag, bytes, size]) => [...tag, ...longVarint(BigInt(bytes.length), size), ...bytes]);
const unknownField = fc
  .tuple(fc.integer({ min: 9, max: 15 }), fc.constantFrom(0, 1, 2, 5, 3), fc.uint8Array({ maxLength: 5 }))
  .map(([field, wireType, bytes]) => {
    const writer = new BinaryWriter().tag(field, wireType);
    if (wireType === WireType.Varint) writer.uint32(bytes.length);
    if (wireType === WireType.Bit64) writer.fixed64(7n);
    if (wireType === WireType.Bit32) writer.fixed32(7);
    if (wireType === WireType.LengthDelimited) writer.bytes(bytes);
    if (wireType === WireType.StartGroup) {
      writer.tag(3, WireType.Varint).int32(1).tag(4, WireType.StartGroup).tag(4, WireType.EndGroup);
      writer.tag(field, WireType.EndGroup);
    }
    return [...writer.finish()];
  });
const fields = (...known: fc.Arbitrary<number[]>[]) =>
  fc.array(fc.oneof(...known, unknownField), { maxLength: 8 }).map((parts) => parts.flat());
const timestamp = fields(numberField(1), numberField(2));
const unusualSample = fields(bytesField(1, timestamp), ...[2, 3, 4, 5, 6, 7].map(numberField));
const text = fc.string({ unit: 'binary', maxLength: 12 }).map((value) => [...Buffer.from(value)]);
const unusualBatch = fields(bytesField(1, text), bytesField(2, text), bytesField(3, unusualSample));

test('repeated and merged fields, unknown ones and numbers of any length are read as by the generated decoder', () => {
  fc.assert(
    fc.property(unusualBatch, (body) => {
      const bytes = Uint8Array.from(body);
      expect(decoded(bytes)).toEqual(oracle(bytes));
    }),
    { numRuns: 1_000 },
  );
});

const damage = fc.oneof(
  fc.record({ kind: fc.constant('cut'), at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.constant(0) }),
  fc.record({ kind: fc.constant('set'), at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('insert'), at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) }),
);
const damagedBody = fc
  .tuple(
    fc.oneof(
      request.map((message) => [...toBinary(SendMetricsBatchRequestSchema, message)]),
      unusualBatch,
    ),
    damage,
  )
  .map(([body, { kind, at, byte }]) => {
    const index = Math.floor(at * body.length);
    if (kind === 'cut') return Uint8Array.from(body.slice(0, index));
    return Uint8Array.from(body.toSpliced(index, kind === 'set' ? 1 : 0, byte));
  });

test.for([
  ['a damaged body', damagedBody],
  ['any bytes', fc.uint8Array({ maxLength: 64 })],
] as const)('%s is refused, or read as by the generated decoder', ([, bodies]) => {
  fc.assert(
    fc.property(bodies, (bytes) => {
      const ours = attempt(() => decoded(bytes));
      if (ours instanceof Error) expect(ours).toBeInstanceOf(WireFormatError);
      else expect(ours).toEqual(attempt(() => oracle(bytes)));
    }),
    { numRuns: 2_000 },
  );
});

test.for([
  ['a number that is cut off', [0x1a, 2, 0x10, 0x80]],
  ['a string that is cut off', [0x0a, 5, 0x61]],
  ['a sample that reaches out of the body', [0x1a, 3, 0x10, 1]],
  ['a timestamp that reaches out of its sample', [0x1a, 4, 0x0a, 3, 0x08, 1, 0x12, 0]],
  ['a number that reaches out of its sample', [0x1a, 2, 0x10, 0x80, 0x01, 0x12, 0]],
  ['a number of eleven bytes', [0x1a, 12, 0x10, ...Array(10).fill(0x80), 1]],
  ['a counter that is written as a fixed64', [0x1a, 9, 0x11, 1, 0, 0, 0, 0, 0, 0, 0]],
  ['a counter that is packed', [0x1a, 4, 0x12, 2, 1, 1]],
  ['samples that are a number', [0x18, 1]],
  ['an id that is a number', [0x08, 1]],
  ['an id that is not UTF-8', [0x0a, 2, 0xff, 0xfe]],
  ['a field of number 0', [0x02, 0]],
  ['a field of wire type 7', [0x7f, 0]],
  ['a group that is not ended', [0x7b]],
  ['a group that is ended as another', [0x7b, 0x74]],
  ['a group that has not begun', [0x7c]],
  ['groups that are nested too deep', Array(200).fill(0x7b)],
] as const)('%s is refused', ([, bytes]) => {
  expect(() => decode(Buffer.from(bytes))).toThrow(WireFormatError);
});

test('a field that is known and is of another type is named', () => {
  expect(() => decode(Buffer.from([0x1a, 2, 0x0a, 0, 0x1a, 4, 0x12, 2, 1, 1]))).toThrow(
    'field 2 of metrics[1] has wire type 2, not 0, at byte 6',
  );
});

test('samples over what is kept are counted', () => {
  const batch = decode(Buffer.from(Array.from({ length: capacity + 5 }, () => [0x1a, 2, 0x10, 7]).flat()));
  expect(batch.sampleCount).toBe(capacity + 5);
  expect(batch.samples.length).toBe(capacity);
});

test('a row holds nothing of the batch before', () => {
  decode(Buffer.from([0x0a, 1, 0x61, 0x1a, 6, 0x0a, 2, 0x08, 5, 0x38, 9]));
  expect(plain(decode(Buffer.from([0x1a, 0])))).toEqual(plain(createBatchDecoder(capacity)(Buffer.from([0x1a, 0]))));
});

test('amounts over 2^53 - 1 are not mistaken for others', () => {
  const at = (value: bigint) => {
    const metrics = [{ cpuTimeNanos: value }];
    const message = create(SendMetricsBatchRequestSchema, { metrics });
    return decode(Buffer.from(toBinary(SendMetricsBatchRequestSchema, message))).samples.cpuNanos[0];
  };
  expect(at(2n ** 53n - 1n)).toBe(2 ** 53 - 1);
  for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n]) expect(at(value)).toBe(Infinity);
  expect(at(-1n)).toBe(-1);
  expect(at(-(2n ** 63n))).toBe(-Infinity);
});

/** A body of so many samples that every encoder would write so. */
function ordinaryBody(samples: number, vmId = 'ud-1', amount = 2n ** 48n): Buffer {
  const metrics = Array.from({ length: samples }, (_, index) => ({
    timestamp: { seconds: BigInt(1_700_000_000 + index), nanos: index % 3 === 0 ? 0 : 999_999_999 },
    cpuTimeNanos: amount,
    diskReadBytes: BigInt(index),
    networkTxBytes: amount,
  }));
  const message = create(SendMetricsBatchRequestSchema, { vmId, customerId: 'cus_1', metrics });
  return Buffer.from(toBinary(SendMetricsBatchRequestSchema, message));
}

test('what is ordinary is checked while it is read, up to the last sample that there is room for', () => {
  for (const samples of [0, 1, 600, capacity, capacity - 1, 3]) {
    const body = ordinaryBody(samples);
    expect(decode(body).isChecked).toBe(true);
    expect(decoded(body)).toEqual(oracle(body));
  }
  expect(decode(ordinaryBody(capacity + 1)).isChecked).toBe(false);
});

test('ids are read at any length, in any script', () => {
  for (const vmId of ['', 'a', 'ü'.repeat(63), 'a'.repeat(127), 'a'.repeat(128), '仮想'.repeat(100)]) {
    const body = ordinaryBody(2, vmId);
    expect(decoded(body)).toEqual(oracle(body));
  }
});

test('what a decoder calls checked is what the check of a batch takes', () => {
  let checked = 0;
  fc.assert(
    fc.property(request, (message) => {
      const { isChecked, ...batch } = decode(Buffer.from(toBinary(SendMetricsBatchRequestSchema, message)));
      if (!isChecked) return;
      checked += batch.sampleCount;
      expect(() => checkBatch({ ...batch, vmId: 'ud-1', customerId: '', isChecked: false })).not.toThrow();
    }),
    { numRuns: 2_000 },
  );
  expect(checked).toBeGreaterThan(0);
});

test.for([
  ['the end of the year 9999', 253_402_300_799n, 999_999_999, 0n, true],
  ['a second later', 253_402_300_800n, 0, 0n, false],
  ['a second before 1970', -1n, 0, 0n, false],
  ['a whole second as a fraction', 1n, 1_000_000_000, 0n, false],
  ['the largest amount', 1n, 1, 2n ** 53n - 1n, true],
  ['one more', 1n, 1, 2n ** 53n, false],
  ['an amount of nine bytes', 1n, 1, 2n ** 56n, false],
  ['an amount below zero', 1n, 1, -1n, false],
] as const)('a ledger takes %s: %o', ([, seconds, nanos, memoryUsageBytes, isTaken]) => {
  const metrics = [{ timestamp: { seconds, nanos }, memoryUsageBytes }];
  const message = create(SendMetricsBatchRequestSchema, { vmId: 'ud-1', metrics });
  const body = Buffer.from(toBinary(SendMetricsBatchRequestSchema, message));
  expect(decode(body).isChecked).toBe(isTaken);
  expect(decoded(body)).toEqual(oracle(body));
  const check = expect(() => checkBatch(decode(body)));
  if (isTaken) check.not.toThrow();
  else check.toThrow();
});

test('a sample without a time is not taken', () => {
  const message = create(SendMetricsBatchRequestSchema, { vmId: 'ud-1', metrics: [{ cpuTimeNanos: 1n }] });
  const batch = decode(Buffer.from(toBinary(SendMetricsBatchRequestSchema, message)));
  expect(() => checkBatch(batch)).toThrow('metrics[0].timestamp is required');
});

test('a body that ends early holds nothing of a longer one before', () => {
  const body = ordinaryBody(40);
  for (let end = 0; end < body.length; end += 1) {
    decode(body);
    const ours = attempt(() => decoded(body.subarray(0, end)));
    if (!(ours instanceof Error)) expect(ours).toEqual(oracle(body.subarray(0, end)));
  }
});
