import { expect, test } from 'vitest';
import { MetricDefinitionError } from '../definitions/check-definition.ts';
import { type ColumnDefinition, groupColumns } from './table-definition.ts';

const cpu = { name: 'vm_cpu_percent', help: 'Load.', type: 'gauge' } as const;
const read = { name: 'vm_io_bytes_total', help: 'Bytes.', type: 'counter', labels: { op: 'read' } } as const;
const write = { ...read, labels: { op: 'write' } };

function group(columns: Readonly<Record<string, ColumnDefinition>>, labels: readonly string[] = ['vm_id']) {
  return groupColumns('vms', labels, Object.entries(columns));
}

test('columns of one name are one metric, in the order of its first column', () => {
  expect(group({ read, cpu, write })).toEqual([
    { name: 'vm_io_bytes_total', help: 'Bytes.', type: 'counter', columns: [0, 2] },
    { name: 'vm_cpu_percent', help: 'Load.', type: 'gauge', columns: [1] },
  ]);
});

const refused: [string, Readonly<Record<string, ColumnDefinition>>, string][] = [
  ['a name that is none', { cpu: { ...cpu, name: 'vm-cpu' } }, 'metric vm-cpu cannot be defined: a name has letters'],
  [
    'a counter without _total',
    { read: { ...read, name: 'vm_io_bytes' } },
    'metric vm_io_bytes cannot be defined: the name of a counter ends in _total',
  ],
  [
    'a label that is none',
    { cpu: { ...cpu, labels: { 'a-b': '1' } } },
    'metric vm_cpu_percent cannot be defined: label a-b is not a Prometheus label name',
  ],
  [
    'a label of the rows',
    { cpu: { ...cpu, labels: { vm_id: '1' } } },
    'metric vm_cpu_percent cannot be column cpu of series table vms: it has the label vm_id twice; give it once',
  ],
  [
    'the name of another one in OpenMetrics',
    { read, load: { ...cpu, name: 'vm_io_bytes' } },
    'metric vm_io_bytes cannot be column load of series table vms: vm_io_bytes_total of another column also has the name vm_io_bytes in OpenMetrics',
  ],
  [
    'another type',
    { read, load: { ...write, type: 'gauge' } },
    'metric vm_io_bytes_total cannot be column load of series table vms: its type is gauge, in column read it is counter',
  ],
  [
    'another help',
    { read, write: { ...write, help: 'Bytes written.' } },
    'metric vm_io_bytes_total cannot be column write of series table vms: its help is Bytes written., in column read it is Bytes.',
  ],
  [
    'other labels',
    { read, write: { ...read, labels: { op: 'write', disk: 'a' } } },
    'metric vm_io_bytes_total cannot be column write of series table vms: its labels are {disk,op}, in column read they are {op}',
  ],
  [
    'the same series',
    { read, again: read },
    'metric vm_io_bytes_total cannot be column again of series table vms: another column is the same series {op="read"}; give it other labels',
  ],
];

test.each(refused)('a column with %s is refused', (_what, columns, message) => {
  expect(() => group(columns)).toThrow(MetricDefinitionError);
  expect(() => group(columns)).toThrow(message);
});

test('row labels are label names, and each is there once', () => {
  expect(() => group({ cpu }, ['vm_id', '__zone'])).toThrow('label __zone is not a Prometheus label name');
  expect(() => group({ cpu }, ['vm_id', 'vm_id'])).toThrow('it has the label vm_id twice; give it once');
});

test('a table without labels or columns is refused', () => {
  expect(() => group({ cpu }, [])).toThrow('series table vms has no labels; rows need at least one to differ');
  expect(() => group({})).toThrow('series table vms has no columns; it needs at least one');
});
