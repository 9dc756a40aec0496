import { createMetricsHandler, createSeriesTable } from '@vmobs/telemetry/exposition';
import { metrics, type SubjectMaker } from './fleet.ts';

/** This project: a table, and the handler that services have. */
export const makeSeriesTableSubject: SubjectMaker = (fleet) => {
  const table = createSeriesTable({
    name: 'vms',
    labels: ['vm_id'],
    maxRows: fleet.ids.length,
    columns: {
      cpu: { ...metrics.cpu, type: 'gauge' },
      memory: { ...metrics.memory, type: 'gauge' },
      read: { ...metrics.io, type: 'counter', labels: { op: 'read' } },
      written: { ...metrics.io, type: 'counter', labels: { op: 'write' } },
    },
  });
  const { cpu, memory, read, written } = table.columns;
  const rows = fleet.ids.map((vm_id) => table.add({ vm_id }));
  const update = (vm: number) => {
    const row = rows[vm];
    if (row === undefined) return;
    cpu.set(row, fleet.cpu[vm] ?? 0);
    memory.set(row, fleet.memory[vm] ?? 0);
    read.set(row, fleet.read[vm] ?? 0);
    written.set(row, fleet.written[vm] ?? 0);
  };
  for (let vm = 0; vm < rows.length; vm += 1) update(vm);
  const onError = (error: Error) => {
    throw error;
  };
  return { serve: createMetricsHandler({ sources: [table.source], onError }), update };
};
