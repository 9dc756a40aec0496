import { expect, test } from 'vitest';
import type { FamilySource, MetricFamily } from './family.ts';
import { createGatherer } from './gatherer.ts';
import { gather } from './testing/read-page.ts';

function familyNamed(name: string, help = 'Something.'): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ name, labels: {}, value: 1 }] };
}

test('families keep the order of their sources, whichever answers first', async () => {
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

test('a source that throws, rejects or fails midway does not affect the others', async () => {
  const { families, errors } = await gather([
    () => [familyNamed('before')],
    () => {
      throw new Error('thrown');
    },
    () => Promise.reject(new Error('rejected')),
    function* readFleet() {
      yield familyNamed('half');
      throw new Error('half-way');
    },
    () => [familyNamed('after')],
  ]);
  expect(families.map(({ name }) => name)).toEqual(['before', 'after']);
  expect(errors.map(({ message }) => message)).toEqual([
    'source 2 failed: thrown',
    'source 3 failed: rejected',
    'source 4 (readFleet) failed: half-way',
  ]);
  expect(errors.map(({ cause }) => cause)).toEqual([new Error('thrown'), new Error('rejected'), new Error('half-way')]);
});

test('samples that fail while they are yielded only lose their own family', async () => {
  const broken: MetricFamily = {
    ...familyNamed('broken'),
    samples: (function* () {
      yield { name: 'broken', labels: {}, value: 1 };
      throw new Error('half-way');
    })(),
  };
  const { families, errors } = await gather([{ name: 'fleet', read: () => [broken, familyNamed('after')] }]);
  expect(families.map(({ name }) => name)).toEqual(['after']);
  expect(errors.map(({ message }) => message)).toEqual(['metric broken of source fleet is left out: half-way']);
});

test('the first of two families with one name is served and the error has both', async () => {
  const { families, errors } = await gather([
    { name: 'registry', read: () => [familyNamed('vms', 'The first.')] },
    () => [familyNamed('vms', 'The second.'), familyNamed('hosts')],
  ]);
  expect(families.map(({ name, help }) => [name, help])).toEqual([
    ['vms', 'The first.'],
    ['hosts', 'Something.'],
  ]);
  expect(errors.map(({ message }) => message)).toEqual([
    'metric vms is defined twice: as gauge vms ("The first.") by source registry, which is served, ' +
      'and as gauge vms ("The second.") by source 2, which is left out',
  ]);
});

test('a rendered family with the name of another one is a second definition', async () => {
  const bytes = { name: 'vms', help: 'Bytes.', type: 'gauge', blocks: [Buffer.from('vms 2\n')] } as const;
  const { families, errors } = await gather([() => [familyNamed('vms')], () => [bytes]]);
  expect(families.map(({ help }) => help)).toEqual(['Something.']);
  expect(errors[0]?.message).toContain('and as gauge vms ("Bytes.") by source 2, which is left out');
});

test.for([
  ['a counter and a gauge of its OpenMetrics name', 'counter', 'boots_total', 'boots'],
  ['a histogram and a gauge of the name of its count', 'histogram', 'wait', 'wait_count'],
  ['a summary and a gauge of the name of its sum', 'summary', 'wait', 'wait_sum'],
] as const)('%s occupy the same name', async ([, type, name, other]) => {
  const family = { name, help: '', type, samples: [] };
  for (const yielded of [
    [family, familyNamed(other)],
    [familyNamed(other), family],
  ]) {
    const { families, errors } = await gather([() => yielded]);
    expect(families.map((served) => served.name)).toEqual([yielded[0]?.name]);
    expect(errors[0]?.message).toContain(`takes the name ${other} a second time`);
  }
});

test('no source yields nothing', async () => {
  expect(await gather([])).toEqual({ families: [], errors: [] });
});

test('a source that does not answer in time does not affect the others', async () => {
  const hanging = new Promise<never>(() => undefined);
  const { families, errors } = await gather(
    [() => hanging, () => [familyNamed('vms'), { name: 'slow', family: hanging }, familyNamed('hosts')]],
    20,
  );
  expect(families.map(({ name }) => name)).toEqual(['vms', 'hosts']);
  expect(errors.map(({ message }) => message)).toEqual([
    'source 1 did not answer within 0.02 s and is left out of the page',
    'metric slow of source 2 did not answer within 0.02 s and is left out of the page',
  ]);
});

/** A source that counts how often it is asked, and answers when it is told to. */
function slowSource() {
  const answers: ((families: MetricFamily[]) => void)[] = [];
  const source: FamilySource = () => new Promise((resolve) => answers.push(resolve));
  return { source, answers };
}

test('overlapping scrapes ask sources once and report an error once', async () => {
  const { source, answers } = slowSource();
  const errors: Error[] = [];
  const sources = () => [source, () => [familyNamed('vms')]];
  const onError = (error: Error) => errors.push(error);
  const gatherer = createGatherer({ sources, onError, sourceTimeoutMs: 10_000 });
  const gatherings = [gatherer.gather(10_000), gatherer.gather(10_000), gatherer.gather(10_000)];
  answers[0]?.([familyNamed('vms'), familyNamed('hosts')]);
  for (const { families } of await Promise.all(gatherings)) {
    expect(families.map(({ name }) => name)).toEqual(['vms', 'hosts']);
  }
  expect(answers).toHaveLength(1);
  expect(errors).toHaveLength(1);

  const next = gatherer.gather(10_000);
  expect(answers).toHaveLength(2);
  answers[1]?.([]);
  expect((await next).families).toHaveLength(1);
});

test('a scrape with less time gets what is ready and one with more waits for the rest', async () => {
  const { source, answers } = slowSource();
  const sources = () => [source, () => [familyNamed('vms')]];
  const gatherer = createGatherer({ sources, onError: () => undefined, sourceTimeoutMs: 10_000 });
  const patient = gatherer.gather(10_000);
  expect((await gatherer.gather(20)).families.map(({ name }) => name)).toEqual(['vms']);
  answers[0]?.([familyNamed('hosts')]);
  expect((await patient).families.map(({ name }) => name)).toEqual(['hosts', 'vms']);
  expect(answers).toHaveLength(1);
});

test('a hanging source is asked again by a scrape after its timeout', async () => {
  const { source, answers } = slowSource();
  const gatherer = createGatherer({ sources: () => [source], onError: () => undefined, sourceTimeoutMs: 20 });
  expect((await gatherer.gather(20)).families).toEqual([]);
  const again = gatherer.gather(10_000);
  answers[1]?.([familyNamed('vms')]);
  expect((await again).families).toHaveLength(1);
});
