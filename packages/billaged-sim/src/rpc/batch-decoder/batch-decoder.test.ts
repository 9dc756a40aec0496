import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { type SendMetricsBatchRequest, SendMetricsBatchRequestSchema } from '@vmobs/wire/billing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SampleColumns } from '../../ledger/sample-columns.ts';
import { checkBatch } from '../validation.ts';
import { createBatchDecoder } from './batch-decoder.ts';
import { createFastDecoder } from './fast-decoder.ts';
import { type ReceivedBatch, WireFormatError } from './received-batch.ts';

const capacity = 1_000;
const decode = createBatchDecoder(capacity);
const decodeFast = createFastDecoder(capacity);

/** A batch as plain values: columns are reused, and are longer than their content. */
function plain({ samples, isChecked: _, ...ids }: ReceivedBatch) {
  const columns = Object.entries(samples).filter((entry): entry is [string, SampleColumns['seconds']] => {
    return typeof entry[1] !== 'number';
  });
  const filled = columns.map(([name, column]) => [name, [...column.subarray(0, samples.length)]]);
  return { ...ids, columns: Object.fromEntries(filled) };
}

/** An int64 as a number; infinite when a number does not hold it exactly. */
function exact(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return Infinity;
  return value < BigInt(Number.MIN_SAFE_INTEGER) ? -Infinity : Number(value);
}

/** The plain values of a body by the generated code alone, without the code under test. */
function oracle(bytes: Uint8Array): ReturnType<typeof plain> {
  const { vmId, customerId, metrics } = fromBinary(SendMetricsBatchRequestSchema, bytes);
  const rows = metrics.slice(0, capacity);
  const columns = {
    seconds: rows.map(({ timestamp }) => (timestamp === undefined ? Number.NaN : exact(timestamp.seconds))),
    nanos: rows.map(({ timestamp }) => timestamp?.nanos ?? 0),
    cpuNanos: rows.map(({ cpuTimeNanos }) => exact(cpuTimeNanos)),
    memoryBytes: rows.map(({ memoryUsageBytes }) => exact(memoryUsageBytes)),
    diskReadBytes: rows.map(({ diskReadBytes }) => exact(diskReadBytes)),
    diskWriteBytes: rows.map(({ diskWriteBytes }) => exact(diskWriteBytes)),
    networkRxBytes: rows.map(({ networkRxBytes }) => exact(networkRxBytes)),
    networkTxBytes: rows.map(({ networkTxBytes }) => exact(networkTxBytes)),
  } satisfies Record<Exclude<keyof SampleColumns, 'length'>, number[]>;
  return { vmId, customerId, sampleCount: metrics.length, columns };
}
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

test('a batch of any encoder is read as the generated code reads it', () => {
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

test('repeated, merged, unknown and long fields are read as by the generated code', () => {
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
/** Bodies with one byte changed or inserted, or with the end cut off. */
const damagedFrom = (bodies: fc.Arbitrary<number[]>) =>
  fc.tuple(bodies, damage).map(([body, { kind, at, byte }]) => {
    const index = Math.floor(at * body.length);
    if (kind === 'cut') return Uint8Array.from(body.slice(0, index));
    return Uint8Array.from(body.toSpliced(index, kind === 'set' ? 1 : 0, byte));
  });
const damagedBody = damagedFrom(
  fc.oneof(
    request.map((message) => [...toBinary(SendMetricsBatchRequestSchema, message)]),
    unusualBatch,
  ),
);

test.for([
  ['a damaged body', damagedBody],
  ['any bytes', fc.uint8Array({ maxLength: 64 })],
] as const)('%s is refused, or read as the generated code reads it', ([, bodies]) => {
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
  ['a number that is cut off', [0x1a, 2, 0x10, 0x80], 'premature EOF'],
  ['a string that is cut off', [0x0a, 5, 0x61], 'premature EOF'],
  ['a sample that reaches out of the body', [0x1a, 3, 0x10, 1], 'premature EOF'],
  ['a timestamp that reaches out of its sample', [0x1a, 4, 0x0a, 3, 0x08, 1, 0x12, 0], 'premature EOF'],
  ['a number that reaches out of its sample', [0x1a, 2, 0x10, 0x80, 0x01, 0x12, 0], 'premature EOF'],
  ['a number of eleven bytes', [0x1a, 12, 0x10, ...Array(10).fill(0x80), 1], 'invalid varint'],
  [
    'a counter that is written as a fixed64',
    [0x1a, 9, 0x11, 1, 0, 0, 0, 0, 0, 0, 0],
    'metrics[0].cpu_time_nanos has wire type 1, not 0',
  ],
  ['a counter that is packed', [0x1a, 4, 0x12, 2, 1, 1], 'metrics[0].cpu_time_nanos has wire type 2, not 0'],
  ['a time that is a number', [0x1a, 2, 0x08, 1], 'metrics[0].timestamp has wire type 0, not 2'],
  ['seconds that are a string', [0x1a, 4, 0x0a, 2, 0x0a, 0], 'metrics[0].timestamp.seconds has wire type 2, not 0'],
  ['samples that are a number', [0x18, 1], 'metrics[0] has wire type 0, not 2'],
  ['an id that is a number', [0x08, 1], 'vm_id has wire type 0, not 2'],
  ['an id that is not UTF-8', [0x0a, 2, 0xff, 0xfe], 'The encoded data was not valid for encoding utf-8'],
  ['an id of one byte that is not UTF-8', [0x0a, 1, 0x80], 'The encoded data was not valid for encoding utf-8'],
  ['a field of number 0', [0x02, 0], 'illegal tag: field no 0 wire type 2'],
  ['a field of wire type 7', [0x7f, 0], 'illegal tag: field no 15 wire type 7'],
  ['a field number over the largest', [0xf8, 0xff, 0xff, 0xff, 0x1f, 0], 'illegal tag: varint overflows uint32'],
  ['a field number in six bytes', [0xf8, 0x80, 0x80, 0x80, 0x80, 0x00, 0], 'illegal tag: varint overflows uint32'],
  ['an unknown fixed32 that is cut off', [0x7d, 1, 2, 3], 'premature EOF'],
  ['a group that is not ended', [0x7b], 'premature EOF'],
  ['a group that is ended as another', [0x7b, 0x74], 'invalid end group tag'],
  ['a group that has not begun', [0x7c], 'cant skip wire type 4'],
  ['groups that are nested too deep', Array(200).fill(0x7b), 'maximum recursion depth reached'],
] as const)('%s is refused with the reason', ([, bytes, message]) => {
  const refused = attempt(() => decode(Buffer.from(bytes)));
  expect(refused).toBeInstanceOf(WireFormatError);
  expect(refused).toMatchObject({ name: 'WireFormatError', message });
});

test('groups are read up to a depth of 99, since the batch itself counts', () => {
  const nested = (depth: number) => Buffer.from([...Array(depth).fill(0x7b), ...Array(depth).fill(0x7c)]);
  expect(decode(nested(99)).sampleCount).toBe(0);
  expect(() => decode(nested(100))).toThrow('maximum recursion depth reached');
});

test('an id keeps the byte order mark that it begins with', () => {
  const bytes = [0x0a, 4, 0xef, 0xbb, 0xbf, 0x61];
  expect(decode(Buffer.from(bytes)).vmId).toBe('\ufeffa');
});

test('a known field of another wire type is refused with the number of its sample', () => {
  expect(() => decode(Buffer.from([0x1a, 2, 0x0a, 0, 0x1a, 4, 0x12, 2, 1, 1]))).toThrow(
    'metrics[1].cpu_time_nanos has wire type 2, not 0',
  );
});

test('samples over the capacity are only counted', () => {
  const batch = decode(Buffer.from(Array.from({ length: capacity + 5 }, () => [0x1a, 2, 0x10, 7]).flat()));
  expect(batch.sampleCount).toBe(capacity + 5);
  expect(batch.samples.length).toBe(capacity);
});

test('a row holds nothing of the previous batch', () => {
  decode(Buffer.from([0x0a, 1, 0x61, 0x1a, 6, 0x0a, 2, 0x08, 5, 0x38, 9]));
  expect(plain(decode(Buffer.from([0x1a, 0])))).toEqual(plain(createBatchDecoder(capacity)(Buffer.from([0x1a, 0]))));
});

test('amounts over 2^53 - 1 become infinite', () => {
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

/** A body of so many samples, in the form that every encoder writes. */
function encodedBody(samples: number, vmId = 'ud-1', amount = 2n ** 48n): Buffer {
  const metrics = Array.from({ length: samples }, (_, index) => ({
    timestamp: { seconds: BigInt(1_700_000_000 + index), nanos: index % 3 === 0 ? 0 : 999_999_999 },
    cpuTimeNanos: amount,
    diskReadBytes: BigInt(index),
    networkTxBytes: amount,
  }));
  const message = create(SendMetricsBatchRequestSchema, { vmId, customerId: 'cus_1', metrics });
  return Buffer.from(toBinary(SendMetricsBatchRequestSchema, message));
}

test('the fast decoder reads and checks a batch up to the maximum number of samples', () => {
  for (const samples of [0, 1, 600, capacity, capacity - 1, 3]) {
    const body = encodedBody(samples);
    expect(decode(body).isChecked).toBe(true);
    expect(decoded(body)).toEqual(oracle(body));
  }
  expect(decode(encodedBody(capacity + 1)).isChecked).toBe(false);
});

test('a body that is too large for the fast decoder is read by the generated one', () => {
  const read = createBatchDecoder(2_000);
  // The fast decoder has room for 80 000 bytes and 1000 samples.
  const longId = encodedBody(2, 'a'.repeat(80_000));
  expect(plain(read(longId))).toEqual(oracle(longId));
  expect(read(encodedBody(1_000))).toMatchObject({ isChecked: true, sampleCount: 1_000 });
  const more = read(encodedBody(1_001));
  expect(more).toMatchObject({ isChecked: false, sampleCount: 1_001 });
  expect(more.samples.seconds[1_000]).toBe(1_700_001_000);
});

test('ids are read at any length, in any script', () => {
  for (const vmId of ['', 'a', 'ü'.repeat(63), 'a'.repeat(127), 'a'.repeat(128), '仮想'.repeat(100)]) {
    const body = encodedBody(2, vmId);
    expect(decoded(body)).toEqual(oracle(body));
  }
});

/** Samples of which a ledger accepts most. */
const likelyAmount = fc.bigInt({ min: 0n, max: 2n ** 53n });
const likelySample = fc.record({
  timestamp: fc.record({
    seconds: fc.bigInt({ min: -1n, max: 253_402_300_800n }),
    nanos: fc.integer({ min: -1, max: 1_000_000_000 }),
  }),
  cpuTimeNanos: likelyAmount,
  memoryUsageBytes: likelyAmount,
});
const likelyRequest = fc
  .array(likelySample, { maxLength: 5 })
  .map((metrics) => create(SendMetricsBatchRequestSchema, { vmId: 'ud-1', metrics }));

test('a batch that the decoder calls checked passes the check', () => {
  let checked = 0;
  fc.assert(
    fc.property(fc.oneof(request, likelyRequest), (message) => {
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

test('a sample without a time is refused', () => {
  const message = create(SendMetricsBatchRequestSchema, { vmId: 'ud-1', metrics: [{ cpuTimeNanos: 1n }] });
  const batch = decode(Buffer.from(toBinary(SendMetricsBatchRequestSchema, message)));
  expect(() => checkBatch(batch)).toThrow('metrics[0].timestamp is required');
});

test('the fast decoder reads acceptable samples as the generated code does', () => {
  const amount = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }), fc.bigInt({ min: 0n, max: 300n }));
  const acceptable = fc.record(
    {
      timestamp: fc.record(
        { seconds: fc.bigInt({ min: 0n, max: 253_402_300_799n }), nanos: fc.integer({ min: 0, max: 999_999_999 }) },
        { requiredKeys: [] },
      ),
      cpuTimeNanos: amount,
      memoryUsageBytes: amount,
      diskReadBytes: amount,
      diskWriteBytes: amount,
      networkRxBytes: amount,
      networkTxBytes: amount,
    },
    { requiredKeys: ['timestamp'] },
  );
  const ids = fc.string({ unit: 'grapheme', maxLength: 30 });
  const batches = fc.record({ vmId: ids, customerId: ids, metrics: fc.array(acceptable, { maxLength: 20 }) });
  fc.assert(
    fc.property(batches, (init) => {
      const bytes = toBinary(SendMetricsBatchRequestSchema, create(SendMetricsBatchRequestSchema, init));
      const fast = decodeFast(Buffer.from(bytes));
      expect(fast?.isChecked).toBe(true);
      expect(fast && plain(fast)).toEqual(oracle(bytes));
    }),
    { numRuns: 1_000 },
  );
});

test('a batch that the fast decoder reads is the one that the generated code reads', () => {
  let read = 0;
  const encoded = fc
    .oneof(request, likelyRequest)
    .map((message) => [...toBinary(SendMetricsBatchRequestSchema, message)]);
  fc.assert(
    fc.property(fc.oneof(damagedBody, damagedFrom(encoded), damagedFrom(fc.constant([...encodedBody(3)]))), (bytes) => {
      const fast = decodeFast(Buffer.from(bytes));
      if (fast === undefined) return;
      read += 1;
      expect(plain(fast)).toEqual(oracle(bytes));
    }),
    { numRuns: 5_000 },
  );
  expect(read).toBeGreaterThan(500);
});

test('a body that ends early holds nothing of a longer previous one', () => {
  const body = encodedBody(40);
  for (let end = 0; end < body.length; end += 1) {
    decode(body);
    const ours = attempt(() => decoded(body.subarray(0, end)));
    if (!(ours instanceof Error)) expect(ours).toEqual(oracle(body.subarray(0, end)));
  }
});

test.for([
  ['empty', [0x1a, 0]],
  ['without a time', [0x1a, 2, 0x10, 1]],
  ['of unknown fields', [0x1a, 2, 0x78, 1]],
] as const)('half a million samples %s are only counted', ([, sample]) => {
  const ids = Buffer.from([0x0a, 1, 0x61, 0x12, 1, 0x62]);
  const body = Buffer.concat([ids, Buffer.alloc(500_000 * sample.length, Buffer.from(sample))]);
  const batch = decode(body);
  expect(batch).toMatchObject({ vmId: 'a', customerId: 'b', sampleCount: 500_000, samples: { length: 0 } });
  expect(() => checkBatch(batch)).toThrow('a batch has at most 1000 metrics, not 500000');
});
