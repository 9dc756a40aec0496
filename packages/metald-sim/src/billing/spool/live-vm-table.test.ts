import { expect, test } from 'vitest';
import { createLiveVmTable } from './live-vm-table.ts';

const started = { kind: 'started', vmId: 'a', customerId: 'acme', startTime: 1n } as const;
const gapOf = (vmId: string) => ({ kind: 'gap', vmId, lastSent: 2n, resumeTime: 3n }) as const;

test('a gap changes neither which VMs are alive nor their last samples', () => {
  const table = createLiveVmTable();
  table.note(started);
  table.note(gapOf('a'));
  table.note(gapOf('b'));
  expect(table.list()).toEqual([{ vmId: 'a', customerId: 'acme', lastTimestamp: 1n }]);
});

test('a VM lives from its start or its first batch until its stop', () => {
  const table = createLiveVmTable();
  table.note(started);
  table.note({ kind: 'batch', vmId: 'b', customerId: 'acme', sampleCount: 1, firstTimestamp: 4n, lastTimestamp: 5n });
  table.note({ kind: 'stopped', vmId: 'a', stopTime: 6n });
  expect(table.list()).toEqual([{ vmId: 'b', customerId: 'acme', lastTimestamp: 5n }]);
});
