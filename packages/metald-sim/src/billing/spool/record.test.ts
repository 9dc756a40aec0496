import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeRecord, encodeRecord, scanRecords } from './record.ts';

const payloads = fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 12 });
const encodeAll = (parts: readonly Uint8Array[]) => parts.map((payload) => encodeRecord([payload]));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const found = (bytes: Buffer) => scanRecords(bytes).records.map(({ payload }) => hex(payload));

test('a record gives back the parts that it was made of, one behind the other', () => {
  const record = encodeRecord([Buffer.from('ab'), Buffer.alloc(0), Buffer.from('c')]);
  expect(decodeRecord(record, 0)?.toString()).toBe('abc');
});

test('every record of a file is found, in order, and nothing else', () => {
  fc.assert(
    fc.property(payloads, (parts) => {
      const file = Buffer.concat(encodeAll(parts));
      expect(found(file)).toEqual(parts.map(hex));
      expect(scanRecords(file)).toMatchObject({ corruptions: 0, end: file.length });
    }),
  );
});

test('a file that was cut off anywhere has the records that are whole', () => {
  fc.assert(
    fc.property(payloads, fc.double({ min: 0, max: 1, noNaN: true }), (parts, share) => {
      const records = encodeAll(parts);
      const file = Buffer.concat(records);
      const length = Math.floor(share * file.length);
      let whole = 0;
      let end = 0;
      for (const record of records) {
        if (end + record.length > length) break;
        end += record.length;
        whole += 1;
      }
      expect(found(file.subarray(0, length))).toEqual(parts.slice(0, whole).map(hex));
      expect(scanRecords(file.subarray(0, length))).toMatchObject({ corruptions: 0, end });
    }),
  );
});

test('a byte that has changed costs the record in which it is, and no other', () => {
  fc.assert(
    fc.property(payloads, fc.nat(), fc.integer({ min: 1, max: 255 }), (parts, at, change) => {
      const records = encodeAll(parts);
      const file = Buffer.concat(records);
      const offset = at % file.length;
      file.writeUInt8(file.readUInt8(offset) ^ change, offset);
      let end = 0;
      const hit = records.findIndex(({ length }) => {
        end += length;
        return offset < end;
      });
      expect(found(file)).toEqual(parts.filter((_payload, index) => index !== hit).map(hex));
      // At the end of a file damage cannot be told from a write that was cut off.
      expect(scanRecords(file).corruptions).toBe(hit === records.length - 1 ? 0 : 1);
    }),
  );
});
