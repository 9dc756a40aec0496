import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mapCounters } from './counters.ts';
import { decodeSamples, encodeSamples } from './sample-codec.ts';
import { columnsOf } from './testing/usage-samples.ts';

test('samples of one hour come back as they were', () => {
  const amount = fc.oneof(fc.bigInt(0n, 2n ** 53n - 1n), fc.constantFrom(0n, 63n, 64n, 8_191n, 8_192n, 2n ** 53n - 1n));
  const sample = fc.record({
    timeNanos: fc.bigInt(0n, 3_599_999_999_999n),
    memoryBytes: amount,
    counters: fc.record(mapCounters(() => amount)),
  });
  fc.assert(
    fc.property(
      fc.array(sample, { minLength: 1, maxLength: 64 }),
      fc.integer({ min: -5, max: 500_000 }),
      (samples, hour) => {
        const inHour = samples.map((one) => ({ ...one, timeNanos: one.timeNanos + BigInt(hour) * 3_600_000_000_000n }));
        const columns = columnsOf(inHour);
        const bytes = encodeSamples(columns, 0, columns.length - 1, hour);
        expect(decodeSamples(bytes, columns.length, hour)).toEqual(columns);
      },
    ),
  );
});
