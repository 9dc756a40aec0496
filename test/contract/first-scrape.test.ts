import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import type { CatalogueEntry } from '@vmobs/telemetry/exposition';
import { type ParsedFamily, parseOpenMetrics } from '@vmobs/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseText } from '../support/text-parser.ts';
import { billagedContract, type GuideMetric, metaldContract } from './guide-metrics.ts';

/** What the real Prometheus 3 asks for. */
const prometheusAccept =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,application/openmetrics-text;version=0.0.1;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3';

const hourMs = 3_600_000;

interface Scraped {
  readonly openMetrics: Map<string, ParsedFamily>;
  readonly text: ReturnType<typeof parseText>;
  readonly entries: readonly CatalogueEntry[];
}

let metald: Metald;
let billaged: Billaged;
const scrapes: Record<string, Scraped> = {};

beforeAll(async () => {
  const quiet = { port: 0, metricsPort: 0, logLevel: 'silent' } as const;
  // Periods end on the clock: with the usual one a minute could end before the scrape. This one has just begun, and stays.
  const beginOfHour = Date.UTC(2026, 0, 31, 12);
  billaged = await startBillaged({ ...quiet, aggregationIntervalMs: hourMs, now: () => beginOfHour });
  // On a slow machine the first tick of sampling would come before the scrape.
  metald = await startMetald({ ...quiet, billingEndpoint: billaged.url, billingIntervalMs: hourMs });
  scrapes['metald'] = await scrapeBoth(metald);
  scrapes['billaged'] = await scrapeBoth(billaged);
});

afterAll(async () => {
  await metald.close();
  await billaged.close();
});

async function scrapeBoth({ telemetry }: Metald | Billaged): Promise<Scraped> {
  const fetchPage = async (accept: string) => {
    const response = await fetch(`${telemetry.metricsUrl}/metrics`, { headers: { accept } });
    return { type: response.headers.get('content-type'), page: await response.text() };
  };
  const openMetrics = await fetchPage(prometheusAccept);
  const text = await fetchPage('text/plain;version=0.0.4');
  expect(openMetrics.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8');
  expect(text.type).toBe('text/plain; version=0.0.4; charset=utf-8');
  return {
    openMetrics: parseOpenMetrics(openMetrics.page),
    text: parseText(text.page),
    entries: telemetry.metrics.entries,
  };
}

describe.each([
  ['metald', metaldContract],
  ['billaged', billagedContract],
] as const)('the first scrape of %s', (service, contract) => {
  const scrape = (): Scraped => {
    const found = scrapes[service];
    if (found === undefined) throw new Error(`${service} was not scraped`);
    return found;
  };
  const nameInOpenMetrics = (name: string, type: string) => (type === 'counter' ? name.replace(/_total$/, '') : name);

  test.each(Object.entries(contract))('%s is as the guide has it', (name, metric) => {
    const { openMetrics, text } = scrape();
    const family = openMetrics.get(nameInOpenMetrics(name, metric.type));
    expect(family?.type).toBe(metric.type);
    expect(family?.help).toMatch(/\w.*\.$/);
    expect(text.get(name)?.type).toBe(metric.type.toUpperCase());
    expect(text.get(name)?.help).toBe(family?.help);
    expectLabels(family, metric);
    for (const edge of metric.edges ?? []) {
      const edges = family?.samples.map(({ labels }) => Number(labels.get('le')));
      expect(edges, `an edge at ${edge}`).toContain(edge);
    }
  });

  test('both formats have the same families, and those are the catalogue', () => {
    const { openMetrics, text, entries } = scrape();
    const catalogue = entries.map(({ name }) => name).sort();
    expect([...text.keys()].sort()).toEqual(catalogue);
    const named = entries.map(({ name, type }) => nameInOpenMetrics(name, type)).sort();
    expect([...openMetrics.keys()].sort()).toEqual(named);
  });

  test('labels and buckets are exactly those of the catalogue', () => {
    const { openMetrics, entries } = scrape();
    for (const { name, type, labels, buckets } of entries) {
      const samples = openMetrics.get(nameInOpenMetrics(name, type))?.samples ?? [];
      const bucketLabel = (suffix: string) => (suffix === '_bucket' ? ['le'] : []);
      for (const sample of samples) {
        expect([...sample.labels.keys()].sort()).toEqual(
          [...Object.keys(labels), ...bucketLabel(sample.suffix)].sort(),
        );
      }
      if (buckets === undefined || samples.length === 0) continue;
      const edges = samples.filter(({ suffix }) => suffix === '_bucket').map((sample) => sample.labels.get('le'));
      expect([...new Set(edges)].map((edge) => Number(edge?.replace('+Inf', 'Infinity')))).toEqual([
        ...buckets,
        Infinity,
      ]);
    }
  });

  test('nothing has been counted yet', () => {
    const { openMetrics, entries } = scrape();
    const counted = entries
      .filter(({ type }) => type !== 'gauge')
      // A process that can answer has used its processor and its event loop, and has collected garbage.
      .filter(({ name }) => !/process_cpu_|^nodejs_/.test(name))
      // metald has sent a heartbeat, which billaged counts.
      .filter(({ name }) => !name.startsWith('billaged_api_'))
      .filter(({ name, type }) =>
        openMetrics.get(nameInOpenMetrics(name, type))?.samples.some(({ value }) => value !== 0),
      );
    expect(counted.map(({ name }) => name)).toEqual([]);
  });
});

/** Every combination of the values that the guide fixes is there; a label of any value may have none yet. */
function expectLabels(family: ParsedFamily | undefined, { labels = {} }: GuideMetric): void {
  const names = Object.keys(labels).sort();
  const isOpen = Object.values(labels).includes('any');
  for (const sample of family?.samples ?? []) {
    expect([...sample.labels.keys()].filter((name) => name !== 'le').sort()).toEqual(names);
  }
  for (const [name, values] of Object.entries(labels)) {
    if (values === 'any' || (isOpen && family?.samples.length === 0)) continue;
    const found = new Set(family?.samples.map((sample) => sample.labels.get(name)));
    expect([...found].sort()).toEqual([...values].sort());
  }
  if (!isOpen) {
    const combinations = Object.values(labels).reduce((product, values) => product * values.length, 1);
    const series = new Set(
      family?.samples.map((sample) => JSON.stringify([...sample.labels].filter(([name]) => name !== 'le'))),
    );
    expect(series.size).toBe(combinations);
  }
}
