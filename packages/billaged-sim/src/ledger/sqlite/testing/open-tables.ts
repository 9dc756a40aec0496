import { onTestFinished } from 'vitest';
import { zeroCounters } from '../../counters.ts';
import { inMemory } from '../../ledger.ts';
import { summarizeSegment } from '../../segment.ts';
import { columnsOf } from '../../testing/usage-samples.ts';
import { hourSeconds } from '../../time.ts';
import { createCompaction } from '../compaction.ts';
import { openDatabase } from '../open-database.ts';
import { oneHour } from '../rollup-table.ts';
import { createTables } from '../tables.ts';

/** The number of the VM. */
export const vm = 1;
/** The first hour of a day. */
export const midnight = 240;

/** Tables of one VM with a segment in each of some hours, and their compaction. */
export function openTables(hours: readonly number[]) {
  const { db, close } = openDatabase({ path: inMemory });
  onTestFinished(close);
  const tables = createTables(db);
  for (const hour of hours) {
    const samples = [1, 2].map((second) => ({
      timeNanos: BigInt(hour * hourSeconds + second) * 1_000_000_000n,
      memoryBytes: 1n,
      counters: { ...zeroCounters, cpuNanos: BigInt(hour * 10 + second) },
    }));
    tables.segments.insert(vm, tables.vms.customerNumber('acme'), summarizeSegment(columnsOf(samples), 0, 1), null);
  }
  const { rollups, segments } = tables;
  const hoursWithRollup = () => hours.filter((hour) => rollups.get(vm, oneHour, hour) !== undefined);
  const hoursWithSegments = () => hours.filter((hour) => segments.inHour(vm, hour).length > 0);
  return { ...tables, compaction: createCompaction(tables), hoursWithRollup, hoursWithSegments };
}
