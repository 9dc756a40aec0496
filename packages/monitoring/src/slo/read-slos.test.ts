import { expect, test } from 'vitest';
import { readSlos } from './read-slos.ts';

const good = `slis:
  - name: availability
    description: orders that went through
    errors: errors_total{code=~"internal|unknown"}
    total: orders_total
  - name: latency
    description: orders that took at most 0.5 s
    good: duration_seconds_bucket{le="0.5", method!="slow"}
    total: duration_seconds_count{method!="slow"}
slos:
  - name: Availability
    sli: availability
    objective: 99.9
    window: 30d
    team: shop
  - name: Latency
    sli: latency
    objective: 99
    objective_threshold: 0.5
    window: 30d
    team: shop
`;
const edges = { duration_seconds: [0.1, 0.5, 5] } as const;

function read(text: string) {
  return readSlos(text, {
    file: 'slos.yaml',
    bucketsOf: (name) => (name === 'duration_seconds' ? edges[name] : undefined),
  });
}

/** What is said of the good file with one text exchanged for another. */
function complaintAbout(original: string, replacement: string): string {
  expect(good).toContain(original);
  try {
    read(good.replace(original, replacement));
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return 'nothing';
}

test('a file is read as it is written', () => {
  expect(read(good)).toEqual([
    {
      name: 'Availability',
      sli: {
        name: 'availability',
        description: 'orders that went through',
        total: 'orders_total',
        counted: { as: 'errors', selector: 'errors_total{code=~"internal|unknown"}' },
      },
      objective: 99.9,
      team: 'shop',
    },
    {
      name: 'Latency',
      sli: {
        name: 'latency',
        description: 'orders that took at most 0.5 s',
        total: 'duration_seconds_count{method!="slow"}',
        counted: { as: 'good', selector: 'duration_seconds_bucket{le="0.5", method!="slow"}' },
        buckets: 'duration_seconds_bucket{method!="slow"}',
      },
      objective: 99,
      thresholdSeconds: 0.5,
      team: 'shop',
    },
  ]);
});

const percent = 'a number above 0, up to 100: percent of the events';
const selector = 'a selector of one counter, such as metald_api_requests_total{method="BootVm"}';
const choices = 'one of le="0.1" le="0.5" le="5.0"';

test.for([
  // The form.
  [
    'objective: 99.9',
    'objektive: 99.9',
    '13:5: slos[0].objektive: unknown key; allowed is name, sli, objective, objective_threshold, least_errors, window, team',
  ],
  ['slos:', 'slo:', '10:1: slo: unknown key; allowed is slis, slos'],
  ['window: 30d', 'window: 30d\n    window: 30d', '15:5: slos[0].window: occurs twice; allowed is each key once'],
  ['team: shop', 'team:', '15:10: slos[0].team: is empty; allowed is a text or a number'],
  [
    '  - name: Availability',
    '  - [name]\n  - name: Availability',
    '11:5: slos[0]: is a list; allowed is a mapping with the keys name, sli, objective, objective_threshold, least_errors, window, team',
  ],
  [
    'total: orders_total',
    'total: [orders_total',
    '6:3: YAML: Flow sequence in block collection must be sufficiently indented',
  ],
  // Names.
  [
    'name: latency',
    'name: availability',
    '6:11: slis[1].name: the name availability occurs twice; allowed is each name once',
  ],
  [
    'name: Latency',
    'name: availability',
    '16:11: slos[1].name: availability gives its alerts the same names as another objective, Availability; allowed is each name once',
  ],
  [
    'name: latency',
    'name: latency-p99',
    '6:11: slis[1].name: is "latency-p99"; allowed is a name of letters, digits and _, as of a metric',
  ],
  [
    'sli: latency',
    'sli: latency_p99',
    '17:10: slos[1].sli: there is no indicator latency_p99; allowed is availability, latency',
  ],
  [
    'sli: latency',
    'sli: availability',
    '17:10: slos[1].sli: availability has an objective already; allowed is one objective for each indicator',
  ],
  [
    'sli: latency',
    'sli: availability',
    '6:11: slis[1].name: latency has no objective; allowed is one objective for each indicator',
  ],
  // Numbers.
  ['objective: 99.9', 'objective: 0', `13:16: slos[0].objective: is 0; allowed is ${percent}`],
  ['objective: 99.9', 'objective: 100.1', `13:16: slos[0].objective: is 100.1; allowed is ${percent}`],
  ['objective: 99.9', 'objective: .nan', `13:16: slos[0].objective: is NaN; allowed is ${percent}`],
  ['objective: 99.9', 'objective: "99.9"', `13:16: slos[0].objective: is "99.9"; allowed is ${percent}`],
  ['    objective: 99.9\n', '', `11:5: slos[0]: has no objective; allowed is ${percent}`],
  ['window: 30d', 'window: 7d', '14:13: slos[0].window: is "7d"; allowed is 30d'],
  ...[0, -3, 2.5, '"10"', '.inf'].map((value) => {
    const shown = value === '.inf' ? 'null' : value;
    return [
      'window: 30d',
      `least_errors: ${value}\n    window: 30d`,
      `14:19: slos[0].least_errors: is ${shown}; allowed is a whole number of events from 1 on`,
    ] as const;
  }),
  // Latency.
  ['le="0.5"', 'le="0.3"', `8:11: slis[1].good: duration_seconds has no bucket with le="0.3"; allowed is ${choices}`],
  ['le="0.5"', 'le="5"', '8:11: slis[1].good: le="5" matches nothing; allowed is le="5.0", as Prometheus 3 stores it'],
  ['le="0.5", ', '', `8:11: slis[1].good: does not choose one bucket; allowed is ${choices}`],
  ['le="0.5"', 'le=~"0.5"', `8:11: slis[1].good: does not choose one bucket; allowed is ${choices}`],
  [
    'good: duration',
    'good: delay',
    '8:11: slis[1].good: there is no histogram delay_seconds; allowed is a histogram of docs/metrics.md',
  ],
  [
    'good: duration',
    'errors: duration',
    '8:13: slis[1].errors: a bucket has the events that were fast enough; allowed is good instead of errors',
  ],
  [
    'count{method!="slow"}',
    'count',
    '8:11: slis[1].good: its events are not those of the total, duration_seconds_count; allowed is a total of duration_seconds_count{method!="slow"}',
  ],
  [
    'total: orders_total',
    'total: orders_bucket',
    '5:12: slis[0].total: selects buckets, which count an event several times; allowed is the _count of the histogram',
  ],
  [
    'threshold: 0.5',
    'threshold: 0.1',
    '19:26: slos[1].objective_threshold: is 0.1, but latency counts another bucket; allowed is 0.5, in seconds',
  ],
  [
    '    objective_threshold: 0.5\n',
    '',
    '16:5: slos[1]: has no objective_threshold, and latency is a latency indicator; allowed is objective_threshold: 0.5',
  ],
  [
    'objective: 99.9',
    'objective: 99.9\n    objective_threshold: 1',
    '14:26: slos[0].objective_threshold: availability is not a latency indicator; allowed is no objective_threshold',
  ],
  // Selectors.
  ['total: orders_total', 'total: ""', `5:12: slis[0].total: is empty; allowed is ${selector}`],
  ['total: orders_total', 'total: 5', `5:12: slis[0].total: is 5; allowed is ${selector}`],
  [
    'total: orders_total',
    'total: orders_total[5m]',
    `5:12: slis[0].total: orders_total[5m] is no selector of one metric; allowed is ${selector}`,
  ],
  [
    'total: orders_total',
    'total: "orders_total # all"',
    `5:12: slis[0].total: orders_total # all is no selector of one metric; allowed is ${selector}`,
  ],
  [
    'total: orders_total',
    'total: \'{code="ok"}\'',
    `5:12: slis[0].total: {code="ok"} is no selector of one metric; allowed is ${selector}`,
  ],
  ['total: orders_total', 'total: orders_total{', '5:12: slis[0].total: not PromQL from '],
  ['    total: orders_total\n', '', '2:5: slis[0]: has no total; allowed is a total: the counter of all events'],
  [
    'errors: errors',
    'good: good_total\n    errors: errors',
    '2:5: slis[0]: has both good and errors; allowed is one of the two',
  ],
  [
    '    errors: errors_total{code=~"internal|unknown"}\n',
    '',
    '2:5: slis[0]: has neither good nor errors; allowed is one of the two',
  ],
  [
    'orders that went through',
    '"{{ $value }}"',
    '3:18: slis[0].description: is "{{ $value }}"; allowed is the good events in words, on one line, without {{',
  ],
] as const)('%j written as %j is refused, with its place', ([original, replacement, complaint]) => {
  expect(complaintAbout(original, replacement).split('\n')).toContainEqual(
    expect.stringContaining(`slos.yaml:${complaint}`),
  );
});

test('all mistakes are reported together, in the order of the file', () => {
  const broken = good
    .replace('total: orders_total', 'total: ""')
    .replace('99.9', '101')
    .replace('le="0.5"', 'le="0.4"');
  expect(() => read(broken)).toThrow(
    expect.objectContaining({
      name: 'SloFileError',
      problems: [
        expect.objectContaining({ line: 5, column: 12, key: 'slis[0].total' }),
        expect.objectContaining({ line: 8, column: 11, key: 'slis[1].good' }),
        expect.objectContaining({ line: 13, column: 16, key: 'slos[0].objective' }),
      ],
    }),
  );
});

test('an indicator that cannot be used makes no complaint about its objective', () => {
  expect(complaintAbout('le="0.5"', 'le="0.3"').split('\n')).toHaveLength(1);
});

test('an empty file and empty lists say what belongs there', () => {
  expect(() => read('')).toThrow('slos.yaml:1:1: the file: is empty; allowed is a mapping with the keys slis, slos');
  expect(() => read('slis: []\nslos: 5')).toThrow(
    'slos.yaml:1:7: slis: is empty; allowed is a list with at least one entry',
  );
  expect(() => read('slis: []\nslos: 5')).toThrow(
    'slos.yaml:2:7: slos: is 5; allowed is a list with at least one entry',
  );
});
