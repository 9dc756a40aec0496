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

test('a duplicate series is refused with both samples in the error', async () => {
  const family = gauge(
    { labels: { zone: 'a' }, value: 1 },
    { labels: { zone: 'b' } },
    { labels: { zone: 'a' }, value: 2 },
  );
  await expect(check(family)).rejects.toThrow(
    'duplicate series vms{zone="a"}: sample 1 with the value 1 and sample 3 with the value 2',
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
] as const)('%s does not make a different series', async ([, labelSets]) => {
  await expect(check(gauge(...labelSets.map((labels) => ({ labels }))))).rejects.toThrow('duplicate series');
});

test('labels whose joined text is equal make two series', async () => {
  const labelSets = [{ a: '1,b:2' }, { a: '1', b: '2' }, { a: '1","b="2' }];
  expect((await check(gauge(...labelSets.map((labels) => ({ labels }))))).seriesCount).toBe(3);
});

test('quantiles of the same number are the same series', async () => {
  const family = familyOf('summary', { labels: { quantile: 1 } }, { labels: { quantile: '1.0' } });
  await expect(check(family)).rejects.toThrow('duplicate series');
});

test.for([
  ['without its last bucket', [1, 1], ['+Inf', undefined], 'the histogram vms{zone="a"} has no bucket with le="+Inf"'],
  ['whose count differs', [1, 1], ['+Inf', 2], 'the histogram vms{zone="a"} has 2 in le="+Inf" and the count 3'],
  [
    'whose buckets fall',
    [1, 2],
    [5, 1],
    'vms_bucket{le="5",zone="a"} has the count 1, less than 2 of the bucket before it',
  ],
  ['whose edges fall', [5, 1], [1, 2], 'vms_bucket{le="1",zone="a"} has no higher edge than the bucket before it'],
  ['with an edge twice', [1, 1], ['1.0', 1], 'vms_bucket{le="1",zone="a"} has no higher edge'],
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

test('a histogram of one bucket without a count is refused', async () => {
  const bucket = { name: 'vms_bucket', labels: { le: '+Inf', zone: 'a' }, value: 2 };
  await expect(check(familyOf('histogram', bucket))).rejects.toThrow(
    'the histogram vms{zone="a"} has 2 in le="+Inf" and the count missing',
  );
});

test('histograms whose samples alternate are each checked', async () => {
  const alternating = (countOfB: number) => {
    const samplesOf = (zone: string, count: number) => [
      { name: 'vms_bucket', labels: { le: 1, zone }, value: 1 },
      { name: 'vms_bucket', labels: { le: '+Inf', zone }, value: 2 },
      { name: 'vms_count', labels: { zone }, value: count },
    ];
    const [a, b] = [samplesOf('a', 2), samplesOf('b', countOfB)];
    return familyOf('histogram', ...a.flatMap((sample, index) => [sample, b[index] ?? {}]));
  };
  expect((await check(alternating(2))).seriesCount).toBe(6);
  await expect(check(alternating(3))).rejects.toThrow('the histogram vms{zone="b"} has 2 in le="+Inf" and the count 3');
});

test.for([
  [0.5, true],
  ['1', true],
  [1.5, false],
  [-0.1, false],
] as const)('whether %s is a valid quantile is %s', async ([quantile, isOne]) => {
  const checking = check(familyOf('summary', { labels: { quantile } }));
  if (isOne) expect((await checking).seriesCount).toBe(1);
  else await expect(checking).rejects.toThrow('must be a number from 0 to 1');
});

test.for(['info', 'constructor', ''])('%j is not a metric type', async (type) => {
  const family: object = { ...gauge(), type };
  await expect(check(family as MetricFamily)).rejects.toThrow(`unknown metric type ${type}; use one of counter, gauge`);
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
    `the sample "${name}" does not belong to the ${type}; its samples are named vms`,
  );
});

test.for(['', '1vms', 'v ms', 'vms{', 'größe', 'vms\n'])('%j is not a metric name', async (name) => {
  await expect(check({ ...gauge(), name })).rejects.toThrow('invalid metric name: use letters, digits, _ and :');
});

test.for([undefined, null, ['vms']])('%j is not a metric name, although its text is one', async (name: unknown) => {
  await expect(check({ ...gauge(), name: name as string })).rejects.toThrow('invalid metric name');
});

test.for(['', '1a', 'a:b', 'a b', '__name__', 'größe'])('%j is not a label name', async (label) => {
  await expect(check(gauge({ labels: { [label]: 'x' } }))).rejects.toThrow(
    `invalid label name ${JSON.stringify(label)}`,
  );
});

test.for([
  ['histogram', { name: 'vms_bucket' }, 'the label le is missing'],
  ['histogram', { name: 'vms_bucket', labels: { le: 'high' } }, 'the label le is "high"'],
  ['histogram', { name: 'vms_bucket', labels: { le: '' } }, 'the label le is ""'],
  ['histogram', { name: 'vms_bucket', labels: { le: ' ' } }, 'the label le is " "'],
  ['summary', {}, 'the label quantile is missing'],
  ['histogram', { name: 'vms_sum', labels: { le: 1 } }, 'the label le is not allowed on sums and counts'],
  ['summary', { name: 'vms_count', labels: { quantile: 1 } }, 'the label quantile is not allowed'],
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

test('the error about a negative count names its series', async () => {
  const negative = { name: 'vms_bucket', labels: { le: 1, zone: 'a' }, value: -1 };
  await expect(check(familyOf('histogram', negative))).rejects.toThrow(
    'vms_bucket{"le":1,"zone":"a"} is -1; a count is 0 or more',
  );
});

test('a gauge and a sum may have any number', async () => {
  await check(gauge({ value: Number.NaN, labels: { a: 1 } }, { value: -1 }));
  await check(familyOf('summary', { name: 'vms_sum', value: -0.5 }));
  const text: unknown = '1';
  const notANumber = { ...gauge(), samples: [{ name: 'vms', labels: {}, value: text as number }] };
  await expect(check(notANumber)).rejects.toThrow('the value of vms is 1, not a number');
});

test.for([
  ['on a gauge', familyOf('gauge', {}), {}, 'only a counter or a bucket may have an exemplar, and vms is neither'],
  ['with an invalid label name', familyOf('counter', {}), { labels: { 'a b': 'x' } }, 'invalid label name "a b"'],
  [
    'with labels that are too long',
    familyOf('counter', {}),
    { labels: { id: 'x'.repeat(127) } },
    'have 129 characters; 128',
  ],
  ['with a NUL in a label', familyOf('counter', {}), { labels: { id: 'a\0b' } }, 'contains NUL'],
  ['without a time', familyOf('counter', {}), { timestamp: Number.NaN }, 'needs a number as value and Unix seconds'],
] as const)('an exemplar %s is left out and its sample is served', async ([, family, change, reason]) => {
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

test('only lines that changed since the last scrape are made again', async () => {
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
  await expect(check(third, { knownLines: second.lines })).rejects.toThrow('duplicate series');
});

test('labels that their owner overwrites make a new line', async () => {
  const labels = { zone: 'a' };
  const { lines } = await check(gauge({ labels }));
  labels.zone = 'b';
  expect((await check(gauge({ labels }), { knownLines: lines })).lines[0]?.text).toBe('vms{zone="b"} ');
});

test('one object that is yielded repeatedly with other values makes separate samples', async () => {
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

test('other work gets turns while a large family is read', async () => {
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

test('blocks that can be iterated once are copied for several pages', async () => {
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

test('a rendered counter needs a name that both formats have', async () => {
  const family = { name: 'boots', help: '', type: 'counter', blocks: [] } as const;
  await expect(checkFamily(family, { slices, onError: () => undefined })).rejects.toThrow(
    'the name of a rendered counter ends in _total',
  );
});
