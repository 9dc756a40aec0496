import { expect, test } from 'vitest';
import type { MetricFamily } from './family.ts';
import { gather } from './gather.ts';

function familyNamed(name: string, help = 'Something.'): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ name, labels: {}, value: 1 }] };
}

test('families come in the order of their sources, also from a source that answers later', async () => {
  const later = Promise.withResolvers<MetricFamily[]>();
  const gathering = gather([() => later.promise, () => [familyNamed('b'), familyNamed('c')]]);
  later.resolve([familyNamed('a')]);
  const { families, errors } = await gathering;
  expect(families.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(errors).toEqual([]);
});

test('every source is asked before any has answered', async () => {
  const answer = Promise.withResolvers<MetricFamily[]>();
  const gathering = gather([
    () => answer.promise,
    () => {
      answer.resolve([familyNamed('first')]);
      return [familyNamed('second')];
    },
  ]);
  expect((await gathering).families).toHaveLength(2);
});

test('a source that throws, rejects or fails half-way costs only itself', async () => {
  const { families, errors } = await gather([
    () => [familyNamed('before')],
    () => {
      throw new Error('thrown');
    },
    () => Promise.reject(new Error('rejected')),
    function* () {
      yield familyNamed('half');
      throw new Error('half-way');
    },
    () => [familyNamed('after')],
  ]);
  expect(families.map(({ name }) => name)).toEqual(['before', 'after']);
  expect(errors.map(({ message }) => message)).toEqual(Array(3).fill('a source of metrics failed'));
  expect(errors.map(({ cause }) => cause)).toEqual([new Error('thrown'), new Error('rejected'), new Error('half-way')]);
});

test('samples that fail while they are yielded cost their source, not the page', async () => {
  const broken: MetricFamily = {
    ...familyNamed('broken'),
    samples: (function* () {
      yield { name: 'broken', labels: {}, value: 1 };
      throw new Error('half-way');
    })(),
  };
  const { families, errors } = await gather([() => [broken], () => [familyNamed('after')]]);
  expect(families.map(({ name }) => name)).toEqual(['after']);
  expect(errors).toHaveLength(1);
});

test('of two families with one name the first is served and the second is reported', async () => {
  const { families, errors } = await gather([
    () => [familyNamed('vms', 'The first.')],
    () => [familyNamed('vms', 'The second.'), familyNamed('hosts')],
  ]);
  expect(families.map(({ name, help }) => [name, help])).toEqual([
    ['vms', 'The first.'],
    ['hosts', 'Something.'],
  ]);
  expect(errors.map(({ message }) => message)).toEqual(['two sources yield the metric vms; the first is served']);
});

test('no source yields nothing', async () => {
  expect(await gather([])).toEqual({ families: [], errors: [] });
});
