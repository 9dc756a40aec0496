import { expect, expectTypeOf, test } from 'vitest';
import { createCatalogue } from './catalogue.ts';
import { anyValue, knownLabelSets, type ObservedDefinition } from './definition.ts';

const help = 'Something that is counted.';

test('the known label sets are every combination of the values', () => {
  expect(knownLabelSets({ zone: ['a', 'b'], op: ['read', 'write'] })).toEqual([
    { zone: 'a', op: 'read' },
    { zone: 'a', op: 'write' },
    { zone: 'b', op: 'read' },
    { zone: 'b', op: 'write' },
  ]);
});

test('without labels there is one label set, and none when the values of a label are not known', () => {
  expect(knownLabelSets({})).toEqual([{}]);
  expect(knownLabelSets({ op: ['read'], vm_id: anyValue })).toEqual([]);
});

test('a wrong label name or value does not type-check', () => {
  const metrics = createCatalogue();
  const boots = metrics.counter({ name: 'boots_total', help, labels: { status: ['success', 'failed'] } });
  const usage = metrics.gauge({ name: 'usage', help, labels: { vm_id: anyValue } });
  const depth = metrics.gauge({ name: 'depth', help });
  const wait = metrics.histogram({
    name: 'wait_seconds',
    help,
    labels: { op: ['boot'] },
    buckets: [1],
    reasonForBuckets: '',
  });
  type Boots = Parameters<typeof boots.inc>;
  expectTypeOf<[{ status: 'failed' }]>().toExtend<Boots>();
  expectTypeOf<[{ status: 'failed' }, number]>().toExtend<Boots>();
  expectTypeOf<[{ status: 'broken' }]>().not.toExtend<Boots>();
  expectTypeOf<[{ state: 'failed' }]>().not.toExtend<Boots>();
  expectTypeOf<[number]>().not.toExtend<Boots>();
  expectTypeOf<[]>().not.toExtend<Boots>();
  expectTypeOf(boots.inc).parameter(0).toEqualTypeOf<{ readonly status: 'success' | 'failed' }>();
  expectTypeOf(usage.set).parameters.toEqualTypeOf<[labels: { readonly vm_id: string }, value: number]>();
  expectTypeOf(wait.observe).parameters.toEqualTypeOf<[labels: { readonly op: 'boot' }, value: number]>();
  expectTypeOf(depth.set).parameters.toEqualTypeOf<[value: number]>();
  expectTypeOf(depth.remove).parameters.toEqualTypeOf<[]>();
});

test('what an observed metric reads has the shape of its labels', () => {
  type Read<Labels extends Readonly<Record<string, readonly string[]>>> = ReturnType<
    ObservedDefinition<Labels>['read']
  >;
  expectTypeOf<Read<Record<never, never>>>().toEqualTypeOf<number>();
  type Reading = Read<{ readonly op: readonly ['read', 'write'] }>;
  expectTypeOf<[{ op: 'read' }, number][]>().toExtend<Reading>();
  expectTypeOf<[{ op: 'erase' }, number][]>().not.toExtend<Reading>();
  expectTypeOf<number>().not.toExtend<Reading>();
});
