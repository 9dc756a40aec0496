import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, get, type IncomingHttpHeaders, type Server } from 'node:http';
import {
  createCatalogue,
  createMetricsHandler,
  defineScrapeMetrics,
  type MetricsHandler,
} from '@vmobs/telemetry/exposition';
import { eventually } from '@vmobs/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServedFamily, servedFamilies } from '../support/arbitrary-families.ts';
import { type PrometheusProcess, startPrometheus } from './prometheus-process.ts';
import { requirePart } from './require-part.ts';

/** Pages with anything in them; drawn again in each run, and named by their seed where one fails. */
const seed = Date.now() % 1_000_000;
const pages = fc.sample(servedFamilies, { numRuns: 40, seed });

const prometheusPort = 31_190;

/** One page of 30 000 series, which is sent in chunks. */
const largePage: ServedFamily[] = [
  (() => {
    const samples = Array.from({ length: 30_000 }, (_, id) => ({ name: 'large', labels: { id }, value: id / 3 }));
    return { family: { name: 'large', help: 'Many.', type: 'gauge' as const, samples }, samples };
  })(),
];

const exemplarPage: ServedFamily[] = [
  (() => {
    const exemplar = {
      labels: { trace_id: '0af7651916cd43dd8448eb211c80319c' },
      value: 0.25,
      timestamp: Date.now() / 1_000,
    };
    const samples = [
      { name: 'wait_seconds_bucket', labels: { le: 0.5 }, value: 1, exemplar },
      { name: 'wait_seconds_bucket', labels: { le: '+Inf' }, value: 1 },
      { name: 'wait_seconds_sum', labels: {}, value: 0.25 },
      { name: 'wait_seconds_count', labels: {}, value: 1 },
    ];
    return { family: { name: 'wait_seconds', help: 'Waiting.', type: 'histogram' as const, samples }, samples };
  })(),
];

const served = [...pages, largePage, exemplarPage];

/** What Prometheus asked for, by the path of the page. */
const asked = new Map<string, IncomingHttpHeaders>();
const errors: Error[] = [];
let server: Server;
let port: number;

beforeAll(async () => {
  const onError = (error: Error) => errors.push(error);
  const handlers = served.map((families): MetricsHandler => {
    const sources = [() => families.map(({ family }) => family)];
    return createMetricsHandler({ sources, onError, scrapeMetrics: defineScrapeMetrics(createCatalogue()) });
  });
  server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.set(path, request.headers);
    void handlers[Number(path.split('/').at(-1))]?.(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

test.each(pages.map((_, index) => index))('promtool reads page %i as text', async (index) => {
  const response = await fetch(`http://127.0.0.1:${port}/text/${index}`);
  const page = await response.text();
  const promtool = spawn(await requirePart('promtool'), ['check', 'metrics'], { stdio: ['pipe', 'ignore', 'pipe'] });
  const said = Array.fromAsync(promtool.stderr.setEncoding('utf8'));
  promtool.stdin.end(page);
  const [status] = await once(promtool, 'close');
  // 3: it has read everything, and would have named or explained something otherwise.
  expect([0, 3], `seed ${seed}: ${(await said).join('')}\n${page}`).toContain(status);
});

describe('a real Prometheus', () => {
  let prometheus: PrometheusProcess;
  const jobs = { openmetrics: 'OpenMetricsText1.0.0', text: 'PrometheusText0.0.4', default: undefined };

  beforeAll(async () => {
    const scrapeConfigs = Object.entries(jobs).map(([job, protocol]) => ({
      job_name: job,
      ...(protocol && { scrape_protocols: [protocol] }),
      // Our metric may have a label of the same name as one of the target.
      honor_labels: true,
      relabel_configs: [{ source_labels: ['page'], target_label: '__metrics_path__', replacement: `/${job}/$1` }],
      static_configs: served.map((_, page) => ({ targets: [`127.0.0.1:${port}`], labels: { page: `${page}` } })),
    }));
    prometheus = await startPrometheus({
      program: await requirePart('prometheus'),
      port: prometheusPort,
      features: ['exemplar-storage', 'zstd-scrape'],
      config: { global: { scrape_interval: '5s', scrape_timeout: '5s' }, scrape_configs: scrapeConfigs },
    });
  });
  afterAll(() => prometheus.end());

  interface Target {
    readonly labels: { readonly job: string; readonly page: string };
    readonly health: string;
    readonly lastError: string;
  }
  const readTargets = async () => (await prometheus.ask<{ activeTargets: Target[] }>('targets')).activeTargets;

  test('scrapes every page in both formats without an error', async () => {
    const targets = await eventually(
      readTargets,
      (all) => all.length > 0 && all.every(({ health }) => health !== 'unknown'),
    );
    expect(targets).toHaveLength(served.length * Object.keys(jobs).length);
    const failed = targets.filter(({ health }) => health !== 'up');
    expect(failed.map(({ labels, lastError }) => `seed ${seed}, ${labels.job} ${labels.page}: ${lastError}`)).toEqual(
      [],
    );
    expect(errors).toEqual([]);
  });

  test('finds as many series on each page as there are', async () => {
    interface Answer {
      readonly result: readonly { readonly metric: { job: string; page: string }; readonly value: [number, string] }[];
    }
    const query = encodeURIComponent('scrape_samples_scraped');
    const read = async () => (await prometheus.ask<Answer>(`query?query=${query}`)).result;
    const counted = await eventually(read, (all) => all.length === served.length * Object.keys(jobs).length);
    const found = counted.map(({ metric, value }) => `${metric.job} ${metric.page}: ${value[1]}`);
    const there = Object.keys(jobs).flatMap((job) =>
      served.map((families, page) => `${job} ${page}: ${families.flatMap(({ samples }) => samples).length}`),
    );
    expect(found.sort(), `seed ${seed}`).toEqual(there.sort());
  });

  test('asks for what it is answered in, and compressed', async () => {
    const largeAt = served.indexOf(largePage);
    const answerTo = async (job: keyof typeof jobs) => {
      const { host: _, ...headers } = asked.get(`/${job}/${largeAt}`) ?? {};
      const [response] = await once(get({ port, path: `/again/${largeAt}`, headers, agent: false }), 'response');
      response.resume();
      return response.headers;
    };
    expect(asked.get(`/default/${largeAt}`)?.accept).toMatch(
      /^application\/openmetrics-text;version=1\.0\.0;escaping=allow-utf-8;q=/,
    );
    expect(await answerTo('default')).toMatchObject({
      'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
      'content-encoding': 'zstd',
      'transfer-encoding': 'chunked',
    });
    expect((await answerTo('text'))['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  test('keeps exemplars', async () => {
    interface Exemplars {
      readonly exemplars: readonly { readonly labels: { readonly trace_id?: string }; readonly value: string }[];
    }
    const path = `query_exemplars?query=wait_seconds_bucket&start=${Date.now() / 1_000 - 600}&end=${Date.now() / 1_000 + 60}`;
    const found = await eventually(
      () => prometheus.ask<Exemplars[]>(path),
      (all) => all.length > 0,
    );
    expect(found[0]?.exemplars[0]).toMatchObject({
      labels: { trace_id: '0af7651916cd43dd8448eb211c80319c' },
      value: '0.25',
    });
  });
});
