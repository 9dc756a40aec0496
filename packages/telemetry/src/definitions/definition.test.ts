import { expect, expectTypeOf, test } from 'vitest';
import { createCatalogue } from '../metrics/catalogue.ts';
import type { BoundCounter } from '../metrics/counter.ts';
import type { BoundGauge } from '../metrics/gauge.ts';
import type { BoundHistogram } from '../metrics/histogram.ts';
import {
  anyValue,
  type CounterDefinition,
  type HistogramDefinition,
  type InstrumentDefinition,
  knownLabelSets,
  type ObservedDefinition,
} from './definition.ts';

const help = 'Something that is counted.';

test('the known label sets are every combination of the values', () => {
  expect(knownLabelSets({ zone: ['a', 'b'], op: ['read', 'write'] })).toEqual([
    { zone: 'a', op: 'read' },
    { zone: 'a', op: 'write' },
    { zone: 'b', op: 'read' },
    { zone: 'b', op: 'write' },
  ]);
});

test('no labels make one label set and a label of any value makes none', () => {
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

test('a call needs a value for every label of the definition', () => {
  const metrics = createCatalogue();
  const labels = { zone: anyValue, status: ['ok', 'failed'] } as const;
  const boots = metrics.counter({ name: 'boots_total', help, labels });
  const usage = metrics.gauge({ name: 'usage', help, labels });
  const wait = metrics.histogram({ name: 'wait_seconds', help, labels, buckets: [1], reasonForBuckets: '' });
  type Labels = { readonly zone: string; readonly status: 'ok' | 'failed' };
  expectTypeOf(boots.inc).parameters.toEqualTypeOf<[labels: Labels, amount?: number]>();
  expectTypeOf(usage.set).parameters.toEqualTypeOf<[labels: Labels, value: number]>();
  expectTypeOf(usage.inc).parameters.toEqualTypeOf<[labels: Labels, amount?: number]>();
  expectTypeOf(usage.remove).parameters.toEqualTypeOf<[labels: Labels]>();
  expectTypeOf(wait.observe).parameters.toEqualTypeOf<[labels: Labels, value: number]>();
  expectTypeOf<{ zone: 'a' }>().not.toExtend<Labels>();
  expectTypeOf<{ status: 'ok' }>().not.toExtend<Labels>();
  expectTypeOf<{ zone: undefined; status: 'ok' }>().not.toExtend<Labels>();
  expectTypeOf<{ zone: 'a'; status: string }>().not.toExtend<Labels>();
  expectTypeOf<[Labels, string]>().not.toExtend<Parameters<typeof wait.observe>>();
  expectTypeOf<[Labels]>().not.toExtend<Parameters<typeof usage.set>>();
});

test('labels() type-checks labels and the methods of a bound series take none', () => {
  const metrics = createCatalogue();
  const labels = { zone: anyValue, status: ['ok', 'failed'] } as const;
  const boots = metrics.counter({ name: 'boots_total', help, labels });
  const depth = metrics.gauge({ name: 'depth', help });
  const wait = metrics.histogram({ name: 'wait_seconds', help, labels, buckets: [1], reasonForBuckets: '' });
  type Bind = Parameters<typeof boots.labels>;
  expectTypeOf<Bind>().toEqualTypeOf<[labels: { readonly zone: string; readonly status: 'ok' | 'failed' }]>();
  expectTypeOf<[{ zone: 'a'; status: 'ok' }]>().toExtend<Bind>();
  expectTypeOf<[{ zone: 'a' }]>().not.toExtend<Bind>();
  expectTypeOf<[{ zone: 1; status: 'ok' }]>().not.toExtend<Bind>();
  expectTypeOf<[{ zone: 'a'; status: 'ko' }]>().not.toExtend<Bind>();
  expectTypeOf(depth.labels).parameters.toEqualTypeOf<[]>();
  expectTypeOf(boots.labels).returns.toEqualTypeOf<BoundCounter>();
  expectTypeOf(depth.labels).returns.toEqualTypeOf<BoundGauge>();
  expectTypeOf(wait.labels).returns.toEqualTypeOf<BoundHistogram>();
  expectTypeOf<BoundCounter['inc']>().toEqualTypeOf<(amount?: number) => void>();
  expectTypeOf<Parameters<BoundGauge['set']>>().toEqualTypeOf<[value: number]>();
  expectTypeOf<Parameters<BoundHistogram['observe']>>().toEqualTypeOf<[value: number]>();
});

test('a definition only has the properties of its type', () => {
  expectTypeOf<{ name: string; help: string; exemplars: true }>().toExtend<CounterDefinition>();
  expectTypeOf<keyof InstrumentDefinition>().toEqualTypeOf<'name' | 'help' | 'labels' | 'maxSeries'>();
  expectTypeOf<{ name: string; help: string; buckets: number[] }>().not.toExtend<HistogramDefinition>();
  // What is observed has as many series as there are things; a limit is for labels from outside.
  expectTypeOf<keyof ObservedDefinition>().toEqualTypeOf<'name' | 'help' | 'labels' | 'type' | 'read'>();
});

test('the values of an observed metric have the shape of its labels', () => {
  type Read<Labels extends Readonly<Record<string, readonly string[]>>> = ReturnType<
    ObservedDefinition<Labels>['read']
  >;
  expectTypeOf<Read<Record<never, never>>>().toEqualTypeOf<number | undefined>();
  type Reading = Read<{ readonly op: readonly ['read', 'write'] }>;
  expectTypeOf<[{ op: 'read' }, number][]>().toExtend<Reading>();
  expectTypeOf<[{ op: 'erase' }, number][]>().not.toExtend<Reading>();
  expectTypeOf<number>().not.toExtend<Reading>();
});
