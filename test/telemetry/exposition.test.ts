import type { Exemplar, Families, MetricFamily, Sample } from '@vmobs/telemetry/exposition';
import { type ParsedExemplar, parseOpenMetrics } from '@vmobs/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyText, servedFamilies, writtenLabel } from '../support/arbitrary-families.ts';
import { type FamilyServer, serveFamilies } from '../support/serve-families.ts';
import { parseTextStrictly } from '../support/strict-text-parser.ts';
import { parseText } from '../support/text-parser.ts';

let server: FamilyServer;
beforeAll(async () => {
  server = await serveFamilies();
});
afterAll(() => server.close());

const openMetrics = 'application/openmetrics-text;version=1.0.0';
const text = 'text/plain;version=0.0.4';

/** A sample in a form that can be compared; edges as numbers, since the formats spell them differently. */
function comparable(name: string, labels: Iterable<readonly [string, string | number]>, value: number) {
  const edges = new Set(['le', 'quantile']);
  const pairs = Array.from(labels, ([label, labelValue]) => {
    const written = writtenLabel(labelValue);
    return [label, edges.has(label) && written !== '+Inf' ? Number(written) : written];
  });
  // A page says 0 for -0.
  return { name, labels: pairs.sort(), value: value + 0 };
}

function comparableExemplar(exemplar: Exemplar | ParsedExemplar | undefined) {
  if (exemplar === undefined) return undefined;
  const labels = exemplar.labels instanceof Map ? [...exemplar.labels] : Object.entries(exemplar.labels);
  return { ...comparable('', labels, exemplar.value), timestamp: exemplar.timestamp };
}

function expected({ name, labels, value, exemplar }: Sample) {
  return { ...comparable(name, Object.entries(labels), value), exemplar: comparableExemplar(exemplar) };
}

test('what is served as OpenMetrics is read as what it was', async () => {
  await fc.assert(
    fc.asyncProperty(servedFamilies, async (served) => {
      server.families = served.map(({ family }) => family);
      const parsed = parseOpenMetrics(await server.scrape(openMetrics));
      expect(server.takeErrors()).toEqual([]);
      expect(parsed.size).toBe(served.length);
      for (const { family, samples } of served) {
        const read = parsed.get(family.name.replace(/_total$/, ''));
        expect(read?.type).toBe(family.type);
        expect(read?.help ?? '').toBe(family.help.trim() === '' ? '' : family.help.toWellFormed());
        const found = read?.samples.map(({ suffix, labels, value, exemplar }) => ({
          ...comparable(`${read.name}${suffix}`, labels, value),
          exemplar: comparableExemplar(exemplar),
        }));
        expect(found).toEqual(samples.map(expected));
      }
    }),
    { numRuns: 150 },
  );
});

test('what is served as text is read as what it was', async () => {
  await fc.assert(
    fc.asyncProperty(servedFamilies, async (served) => {
      server.families = served.map(({ family }) => family);
      const parsed = parseTextStrictly(await server.scrape(text));
      expect(server.takeErrors()).toEqual([]);
      expect(parsed.size).toBe(served.length);
      for (const { family, samples } of served) {
        const read = parsed.get(family.name);
        expect(read?.type).toBe(family.type === 'unknown' ? 'untyped' : family.type);
        expect(read?.help).toBe(family.help.trim() === '' ? '' : family.help.toWellFormed());
        const found = read?.samples.map(({ name, labels, value }) => comparable(name, labels, value));
        expect(found).toEqual(
          samples.map(({ name, labels, value }) => comparable(name, Object.entries(labels), value)),
        );
      }
    }),
    { numRuns: 150 },
  );
});

test('a parser that others wrote reads gauges and counters in text as what they were', async () => {
  await fc.assert(
    fc.asyncProperty(servedFamilies, async (drawn) => {
      // Of histograms and summaries it knows one label set each.
      const served = drawn.filter(({ family: { type } }) => type !== 'histogram' && type !== 'summary');
      server.families = served.map(({ family }) => family);
      const parsed = parseText(await server.scrape(text));
      for (const { family, samples } of served) {
        const found = parsed
          .get(family.name)
          ?.metrics.map(({ labels = {}, value = '' }) =>
            comparable(family.name, Object.entries(labels), Number(value.replace('Inf', 'Infinity'))),
          );
        expect(found).toEqual(
          samples.map(({ name, labels, value }) => comparable(name, Object.entries(labels), value)),
        );
      }
    }),
    { numRuns: 150 },
  );
});

/** Families as a program without types may yield them, of few names, so that they get into each other's way. */
const names = fc.oneof(fc.constantFrom('a', 'a_total', 'a_sum', 'a_bucket', 'a_count', 'b', 'b_created'), anyText);
const types = fc.oneof(fc.constantFrom('counter', 'gauge', 'histogram', 'summary', 'unknown'), fc.anything());
const labels = fc.oneof(
  fc.dictionary(fc.oneof(fc.constantFrom('a', 'b', 'le', 'quantile', '__name__'), anyText), fc.anything(), {
    maxKeys: 3,
  }),
  fc.anything(),
);
const samples = fc.array(
  fc.record(
    { name: names, labels, value: fc.oneof(fc.double(), fc.anything()), exemplar: fc.anything() },
    { requiredKeys: [] },
  ),
  { maxLength: 4 },
);
const anyFamilies: fc.Arbitrary<unknown[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ name: names, help: fc.anything(), type: types, samples }, { requiredKeys: ['name'] }),
    },
    { weight: 1, arbitrary: fc.record({ name: names, help: fc.string(), type: types, blocks: fc.anything() }) },
    { weight: 1, arbitrary: fc.anything() },
  ),
  { maxLength: 6 },
);

const good: MetricFamily = {
  name: 'good',
  help: 'It is on every page.',
  type: 'gauge',
  samples: [{ name: 'good', labels: {}, value: 1 }],
};

test('whatever a source yields, the page can be read, and has what is right', async () => {
  const careless = await serveFamilies({ others: [() => [good]] });
  await fc.assert(
    fc.asyncProperty(anyFamilies, async (families) => {
      // Not what the types allow: what comes from JavaScript was never checked against them.
      careless.families = families as unknown as Families;
      const pages = await Promise.all([careless.scrape(openMetrics), careless.scrape(text)]);
      expect(parseOpenMetrics(pages[0]).get('good')?.samples).toHaveLength(1);
      expect(parseTextStrictly(pages[1]).get('good')?.samples).toHaveLength(1);
    }),
    { numRuns: 300 },
  );
  expect(careless.takeErrors()).not.toEqual([]);
  await careless.close();
});
