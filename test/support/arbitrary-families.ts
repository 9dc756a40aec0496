import type { Exemplar, MetricFamily, RenderedFamily, Sample } from '@vmobs/telemetry/exposition';
import fc from 'fast-check';

/** A family that is to be served, with its samples even where they are bytes. */
export interface ServedFamily {
  readonly family: MetricFamily | RenderedFamily;
  readonly samples: readonly Sample[];
}

/** Text that has gone wrong in somebody's exposition before. */
const hostileText = fc.constantFrom(
  ...['', '\\', '\\n', '"', '\n', '\r\n', '}', '{', ',', '=', '"} 1\n', ' # {} 1', '# EOF', ' ', '\t', '\u2028', '\0'],
  ...['\ud800', 'ä', '日本', '👩‍💻', '\ufeff'],
);

/** Any text, lone surrogates included. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  hostileText,
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.array(hostileText, { maxLength: 4 }).map((parts) => parts.join('')),
);

const metricName = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,10}$/);

const labelName = fc
  .oneof(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,6}$/), fc.constantFrom('constructor', 'toString', 'le_', 'job'))
  .filter((name) => !name.startsWith('__') && name !== 'le' && name !== 'quantile');

const labelValue = fc.oneof(anyText, fc.double(), fc.integer());

const labelSet = fc.dictionary(labelName, labelValue, { maxKeys: 4, noNullPrototype: true });

/** Label sets that are different to Prometheus: one without a value is none to it. */
const labelSets = fc.uniqueArray(labelSet, {
  minLength: 0,
  maxLength: 5,
  selector: (labels) =>
    JSON.stringify(
      Object.entries(labels)
        .map(([name, value]) => [name, writtenLabel(value)])
        .filter(([, value]) => value !== '')
        .sort(),
    ),
});

const anyNumber = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 1e-12, 1e18, 2 ** 53, 5e-324, 1.7e308));
const countNumber = fc.oneof(fc.nat(), fc.double({ min: 0, noNaN: true }));

/** Without a NUL, which an exemplar cannot have. */
const exemplarLabelValue = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\0', ''));

const exemplar: fc.Arbitrary<Exemplar> = fc.record({
  labels: fc.dictionary(labelName, exemplarLabelValue, { maxKeys: 3, noNullPrototype: true }),
  value: anyNumber,
  timestamp: fc.double({ min: 0, max: 4e9, noNaN: true }),
});

function withExemplar(sample: Sample, given: Exemplar | undefined): Sample {
  return given === undefined ? sample : { ...sample, exemplar: given };
}

const maybeExemplar = fc.option(exemplar, { nil: undefined });

/** Samples of one label set each. */
function plainSamples(name: string, value: fc.Arbitrary<number>, exemplars: fc.Arbitrary<Exemplar | undefined>) {
  return labelSets.chain((sets) =>
    fc.tuple(
      ...sets.map((labels) =>
        fc.tuple(value, exemplars).map(([drawn, given]) => withExemplar({ name, labels, value: drawn }, given)),
      ),
    ),
  );
}

function histogramSamples(name: string): fc.Arbitrary<Sample[]> {
  const edges = fc
    .uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 4, comparator: (a, b) => a === b })
    .map((drawn) => drawn.map((edge) => edge + 0).sort((a, b) => a - b));
  const one = (labels: Sample['labels']) =>
    fc
      .tuple(edges, fc.array(fc.nat(1_000), { minLength: 5, maxLength: 5 }), anyNumber, maybeExemplar)
      .map(([upper, counts, sum, given]) => {
        let count = 0;
        const buckets = [...upper, '+Inf'].map((le, index) => {
          count += counts[index] ?? 0;
          return withExemplar({ name: `${name}_bucket`, labels: { le, ...labels }, value: count }, given);
        });
        return [
          ...buckets,
          { name: `${name}_sum`, labels, value: sum },
          { name: `${name}_count`, labels, value: count },
        ];
      });
  return labelSets.chain((sets) => fc.tuple(...sets.map(one))).map((histograms) => histograms.flat());
}

function summarySamples(name: string): fc.Arbitrary<Sample[]> {
  const quantiles = fc.uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), {
    maxLength: 3,
    comparator: (a, b) => a === b,
  });
  const one = (labels: Sample['labels']) =>
    fc
      .tuple(quantiles, anyNumber, fc.nat())
      .map(([drawn, value, count]) => [
        ...drawn.map((quantile) => ({ name, labels: { quantile: quantile + 0, ...labels }, value })),
        { name: `${name}_sum`, labels, value },
        { name: `${name}_count`, labels, value: count },
      ]);
  return labelSets.chain((sets) => fc.tuple(...sets.map(one))).map((summaries) => summaries.flat());
}

/** Lines as another program would have rendered them: numbers with zeros, blocks of several lines. */
function renderedFamily(name: string, help: string, ids: readonly number[], linesInBlock: number): ServedFamily {
  const samples = ids.map((id) => ({ name, labels: { id: `${id}` }, value: id / 8 }));
  const lines = ids.map((id) => `${name}{id="${id}"} ${(id / 8).toFixed(10)}\n`);
  const blocks: Uint8Array[] = [];
  for (let from = 0; from < lines.length; from += linesInBlock)
    blocks.push(Buffer.from(lines.slice(from, from + linesInBlock).join('')));
  return { family: { name, help, type: 'gauge', blocks }, samples };
}

/** The parts of a family that is no other's, named by what it is so that no two have one name. */
function familyAt(index: number): fc.Arbitrary<ServedFamily> {
  const drawn = fc.tuple(metricName, anyText);
  const ofSamples = (type: MetricFamily['type'], ending: string, samplesOf: (name: string) => fc.Arbitrary<Sample[]>) =>
    drawn.chain(([begin, help]) => {
      const name = `${begin}_${index}${ending}`;
      return samplesOf(name).map((samples) => ({ family: { name, help, type, samples }, samples }));
    });
  return fc.oneof(
    ofSamples('gauge', '_g', (name) => plainSamples(name, anyNumber, fc.constant(undefined))),
    ofSamples('unknown', '_u', (name) => plainSamples(name, anyNumber, fc.constant(undefined))),
    ofSamples('counter', '_total', (name) => plainSamples(name, countNumber, maybeExemplar)),
    ofSamples('histogram', '_h', histogramSamples),
    ofSamples('summary', '_s', summarySamples),
    fc
      .tuple(drawn, fc.uniqueArray(fc.nat(10_000), { maxLength: 50 }), fc.integer({ min: 1, max: 20 }))
      .map(([[begin, help], ids, lines]) => renderedFamily(`${begin}_${index}_r`, help, ids, lines)),
  );
}

/** Families as a service may have them: of every type, and with anything in labels, values and HELP. */
export const servedFamilies: fc.Arbitrary<ServedFamily[]> = fc
  .nat(5)
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => familyAt(index))));

/** A label value as a page says it. */
export function writtenLabel(value: string | number): string {
  if (typeof value === 'string') return value.toWellFormed();
  return value === Number.POSITIVE_INFINITY ? '+Inf' : value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
