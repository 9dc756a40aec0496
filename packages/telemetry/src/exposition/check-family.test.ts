import { expect, test } from 'vitest';
import { checkFamily } from './check-family.ts';
import type { Exemplar, MetricFamily, MetricType, Sample } from './family.ts';
import { createTimeSlices } from './time-slices.ts';

const slices = createTimeSlices();

function check(family: MetricFamily, options: Partial<Parameters<typeof checkFamily>[1]> = {}) {
  return checkFamily(family, { slices, onError: () => undefined, ...options });
}

function gauge(...samples: Partial<Sample>[]): MetricFamily {
  return familyOf('gauge', ...samples);
}

function familyOf(type: MetricType, ...samples: Partial<Sample>[]): MetricFamily {
  const complete = samples.map((sample) => ({ name: 'vms', labels: {}, value: 1, ...sample }));
  return { name: 'vms', help: 'VMs.', type, samples: complete };
}

test('a series that is there twice is refused, and the error has both samples', async () => {
  const family = gauge(
    { labels: { zone: 'a' }, value: 1 },
    { labels: { zone: 'b' } },
    { labels: { zone: 'a' }, value: 2 },
  );
  await expect(check(family)).rejects.toThrow(
    'the series vms{zone="a"} is there twice: as sample 1 with the value 1 and as sample 3 with the value 2',
  );
});

test.for([
  [
    'the order of labels',
    [
      { a: 'x', b: 'y' },
      { b: 'y', a: 'x' },
    ],
  ],
  ['a label without a value', [{ a: 'x' }, { a: 'x', b: '' }]],
  ['the type of a label value', [{ a: 1 }, { a: '1' }]],
] as const)('%s makes no other series', async ([, labelSets]) => {
  await expect(check(gauge(...labelSets.map((labels) => ({ labels }))))).rejects.toThrow('is there twice');
});

test('labels that would look alike when they are joined make two series', async () => {
  const labelSets = [{ a: '1,b:2' }, { a: '1', b: '2' }, { a: '1","b="2' }];
  expect((await check(gauge(...labelSets.map((labels) => ({ labels }))))).seriesCount).toBe(3);
});

test('quantiles that are the same number are the same series', async () => {
  const family = familyOf('summary', { labels: { quantile: 1 } }, { labels: { quantile: '1.0' } });
  await expect(check(family)).rejects.toThrow('is there twice');
});

test.for([
  ['without its last bucket', [1, 1], ['+Inf', undefined], 'the histogram vms{zone="a"} has no bucket with le="+Inf"'],
  ['whose count is another', [1, 1], ['+Inf', 2], 'the histogram vms{zone="a"} has 2 in le="+Inf" and 3 as its count'],
  ['whose buckets fall', [1, 2], [5, 1], 'vms_bucket{le="5",zone="a"} counts 1, and the bucket before 2'],
  [
    'whose edges fall',
    [5, 1],
    [1, 2],
    'vms_bucket{le="1",zone="a"} does not have a higher edge than the bucket before',
  ],
  ['with an edge twice', [1, 1], ['1.0', 1], 'vms_bucket{le="1",zone="a"} does not have a higher edge'],
] as const)('a histogram %s is refused', async ([, ...rest]) => {
  const [first, second, reason] = rest;
  const samples = [first, second].flatMap(([le, value]) =>
    value === undefined ? [] : [{ name: 'vms_bucket', labels: { le, zone: 'a' }, value }],
  );
  const good = [
    { name: 'vms_bucket', labels: { le: '+Inf', zone: 'b' }, value: 2 },
    { name: 'vms_count', labels: { zone: 'b' }, value: 2 },
  ];
  const count = { name: 'vms_count', labels: { zone: 'a' }, value: 3 };
  await expect(check(familyOf('histogram', ...good, ...samples, count))).rejects.toThrow(reason);
});

test.for([
  [0.5, true],
  ['1', true],
  [1.5, false],
  [-0.1, false],
] as const)('of the quantile %s it is %s that it may be one', async ([quantile, isOne]) => {
  const checking = check(familyOf('summary', { labels: { quantile } }));
  if (isOne) expect((await checking).seriesCount).toBe(1);
  else await expect(checking).rejects.toThrow('has to be a number from 0 to 1');
});

test.for(['info', 'constructor', ''])('%j is no type', async (type) => {
  const family: object = { ...gauge(), type };
  await expect(check(family as MetricFamily)).rejects.toThrow(`its type is ${type}, and not counter, gauge`);
});

test.for([
  ['gauge', 'vms_total'],
  ['gauge', 'hosts'],
  ['unknown', 'vms_count'],
  ['counter', 'vms_created'],
  ['histogram', 'vms'],
  ['histogram', 'vms_buckets'],
  ['summary', 'vms_bucket'],
] as const)('a %s has no sample %s', async ([type, name]) => {
  await expect(check(familyOf(type, { name }))).rejects.toThrow(
    `the sample "${name}" does not belong to the ${type}; its samples are vms`,
  );
});

test.for(['', '1vms', 'v ms', 'vms{', 'größe', 'vms\n'])('%j is no name of a metric', async (name) => {
  await expect(check({ ...gauge(), name })).rejects.toThrow('the name of a metric has letters, digits, _ and :');
});

test.for(['', '1a', 'a:b', 'a b', '__name__', 'größe'])('%j is no label', async (label) => {
  await expect(check(gauge({ labels: { [label]: 'x' } }))).rejects.toThrow(
    `the label ${JSON.stringify(label)} is none`,
  );
});

test.for([
  ['histogram', { name: 'vms_bucket' }, 'the label le is missing'],
  ['histogram', { name: 'vms_bucket', labels: { le: 'high' } }, 'the label le is "high"'],
  ['histogram', { name: 'vms_bucket', labels: { le: '' } }, 'the label le is ""'],
  ['histogram', { name: 'vms_bucket', labels: { le: ' ' } }, 'the label le is " "'],
  ['summary', {}, 'the label quantile is missing'],
  ['histogram', { name: 'vms_sum', labels: { le: 1 } }, 'the label le does not belong on its sums and counts'],
  ['summary', { name: 'vms_count', labels: { quantile: 1 } }, 'the label quantile does not belong'],
] as const)('a %s with %j is refused', async ([type, sample, reason]) => {
  await expect(check(familyOf(type, sample))).rejects.toThrow(reason);
});

test.for([
  ['counter', {}, -1],
  ['counter', {}, Number.NaN],
  ['histogram', { name: 'vms_bucket', labels: { le: 1 } }, -1],
  ['histogram', { name: 'vms_count' }, Number.NaN],
] as const)('a %s with a sample %j of %d is refused', async ([type, sample, value]) => {
  await expect(check(familyOf(type, { ...sample, value }))).rejects.toThrow('a count is 0 or more');
});

test('a gauge and a sum may be anything that is a number', async () => {
  await check(gauge({ value: Number.NaN, labels: { a: 1 } }, { value: -1 }));
  await check(familyOf('summary', { name: 'vms_sum', value: -0.5 }));
  const text: unknown = '1';
  const notANumber = { ...gauge(), samples: [{ name: 'vms', labels: {}, value: text as number }] };
  await expect(check(notANumber)).rejects.toThrow('the value of vms is 1, and not a number');
});

test.for([
  ['on a gauge', familyOf('gauge', {}), {}, 'an exemplar stands on a counter or a bucket, not on vms'],
  ['with a label that is none', familyOf('counter', {}), { labels: { 'a b': 'x' } }, 'the label "a b"'],
  [
    'with labels that are too long',
    familyOf('counter', {}),
    { labels: { id: 'x'.repeat(127) } },
    'have 129 characters; 128',
  ],
  ['with a NUL in a label', familyOf('counter', {}), { labels: { id: 'a\0b' } }, 'has a NUL in it'],
  ['without a time', familyOf('counter', {}), { timestamp: Number.NaN }, 'has a number as value and Unix seconds'],
] as const)('an exemplar %s is left out, and its sample is not', async ([, family, change, reason]) => {
  const exemplar: Exemplar = { labels: {}, value: 1, timestamp: 1, ...change };
  const errors: Error[] = [];
  const samples = Array.from(family.samples, (sample) => ({ ...sample, exemplar }));
  const checked = await check({ ...family, samples }, { onError: (error) => errors.push(error) });
  expect(checked.lines).toHaveLength(1);
  expect(checked.exemplars.size).toBe(0);
  expect(errors.map(({ message }) => message)).toEqual([
    expect.stringContaining(`metric vms: an exemplar is left out: `),
  ]);
  expect(errors[0]?.message).toContain(reason);
});

test('a line that was there at the last scrape is not made again, and one that has changed is', async () => {
  const first = await check(gauge({ labels: { zone: 'a' } }, { labels: { zone: 'b' } }, { labels: { zone: 'c' } }));
  const second = await check(
    gauge({ labels: { zone: 'a' }, value: 5 }, { labels: { zone: 'c' } }, { labels: { zone: 'd' } }),
    {
      knownLines: first.lines,
    },
  );
  expect(second.lines[0]).toBe(first.lines[0]);
  expect(second.lines.map(({ text }) => text)).toEqual(['vms{zone="a"} ', 'vms{zone="c"} ', 'vms{zone="d"} ']);
  const third = gauge({ labels: { zone: 'a' } }, { labels: { zone: 'a' } });
  await expect(check(third, { knownLines: second.lines })).rejects.toThrow('is there twice');
});

test('labels that their owner writes over make another line', async () => {
  const labels = { zone: 'a' };
  const { lines } = await check(gauge({ labels }));
  labels.zone = 'b';
  expect((await check(gauge({ labels }), { knownLines: lines })).lines[0]?.text).toBe('vms{zone="b"} ');
});

test('an object that its owner yields again and again, with other values, makes samples of its own', async () => {
  const sample = { name: 'vms', labels: { id: 0 }, value: 0 };
  const samples = function* () {
    for (const id of [1, 2]) {
      sample.labels.id = id;
      sample.value = id * 10;
      yield sample;
    }
  };
  const { lines, values } = await check({ ...gauge(), samples: samples() });
  expect(lines.map(({ text }) => text)).toEqual(['vms{id="1"} ', 'vms{id="2"} ']);
  expect(values).toEqual([10, 20]);
});

test('a large family is read with turns for others between', async () => {
  const samples = function* () {
    for (let id = 0; id < 50_000; id += 1) yield { name: 'vms', labels: { id }, value: id };
  };
  let turns = 0;
  const count = () => {
    turns += 1;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  await check({ ...gauge(), samples: samples() });
  clearImmediate(immediate);
  expect(turns).toBeGreaterThan(1);
});

test('bytes that can be iterated once are copied, so that several pages can have them', async () => {
  const block = Buffer.alloc(6);
  const blocks = function* () {
    for (const line of ['vms 1\n', 'vms 2\n']) {
      block.write(line);
      yield block;
    }
  };
  const checked = await checkFamily(
    { name: 'vms', help: '', type: 'gauge', blocks: blocks() },
    { slices, onError: () => undefined },
  );
  const read = () => Buffer.concat([...(checked.blocks ?? [])]).toString();
  expect(read()).toBe('vms 1\nvms 2\n');
  expect(read()).toBe('vms 1\nvms 2\n');
});

test('bytes of a counter have the name that both formats have', async () => {
  const family = { name: 'boots', help: '', type: 'counter', blocks: [] } as const;
  await expect(checkFamily(family, { slices, onError: () => undefined })).rejects.toThrow('is named with its _total');
});
