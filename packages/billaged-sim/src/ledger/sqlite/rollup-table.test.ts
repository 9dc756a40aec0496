import { expect, test } from 'vitest';
import { hourTimeOf } from '../time.ts';
import { joinSpans } from '../usage.ts';
import { oneHour } from './rollup-table.ts';
import { midnight, openTables, vm } from './testing/open-tables.ts';

test('the newest sample is the last one of the last hour with a rollup', () => {
  const { rollups, segments } = openTables([midnight, midnight + 2]);
  expect(rollups.newest(vm)).toBeUndefined();
  for (const hour of [midnight, midnight + 2]) rollups.put(vm, oneHour, hour, joinSpans(segments.inHour(vm, hour)));
  // The samples of an hour are one and two seconds after it begins.
  expect(rollups.newest(vm)).toEqual({ hour: midnight + 2, nanos: 2e9 });
  expect(rollups.newest(vm + 1)).toBeUndefined();
});

test('the newest sample is that of the last part when the customer changed within the hour', () => {
  const { rollups, segments } = openTables([midnight]);
  const [before] = joinSpans(segments.inHour(vm, midnight));
  if (before === undefined) throw new Error('the hour has samples');
  const lastNanos = before.lastNanos + 5_000_000_000n;
  rollups.put(vm, oneHour, midnight, [before, { ...before, customerId: 'globex', firstNanos: lastNanos, lastNanos }]);
  expect(rollups.newest(vm)).toEqual(hourTimeOf(lastNanos));
});
