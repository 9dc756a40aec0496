import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '@vmobs/lab/stack';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { memoryLimit, readComposeFile, readComposeServices } from '../support/compose-model.ts';
import { portOffset } from './port-offset.ts';
import { reportMeasured } from './report-measured.ts';
import { placeAlone, startParts } from './start-parts.ts';

/*
 * Jaeger keeps traces in memory, and its container has a limit: docs/decisions/0017-traces-in-memory.md.
 */

const container = (await readComposeServices()).get('jaeger');
const limitMib = memoryLimit(container ?? {});

let folder: string;
let stack: Stack;

beforeAll(async () => {
  vi.stubEnv('GOMEMLIMIT', container?.environment?.['GOMEMLIMIT']);
  folder = await mkdtemp(join(tmpdir(), 'vmobs-jaeger-memory-'));
  stack = await startParts(['jaeger'], placeAlone(folder));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await stack.stop();
  await rm(folder, { recursive: true });
});

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });

/** As many attributes as those of our services, and as long. */
const makeAttributes = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    attribute(`attribute.${index}`, `value ${randomBytes(8).toString('hex')}`),
  );

/** Two spans; traces of metald have one or two, seldom three. */
function makeTrace() {
  const traceId = randomBytes(16).toString('hex');
  const end = BigInt(Date.now()) * 1_000_000n;
  return ['request', 'call'].map((name) => ({
    traceId,
    spanId: randomBytes(8).toString('hex'),
    name,
    kind: 2,
    startTimeUnixNano: String(end - 20_000_000n),
    endTimeUnixNano: String(end),
    attributes: makeAttributes(16),
  }));
}

/** Sends traces as the collector does, those of one request together. @returns the id of the first */
async function sendTraces(count: number): Promise<string> {
  const spans = Array.from({ length: count }, makeTrace).flat();
  const resource = { attributes: [attribute('service.name', 'shop'), ...makeAttributes(9)] };
  const response = await fetch(`http://127.0.0.1:${14_318 + portOffset}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'shop' }, spans }] }] }),
  });
  expect(response.status).toBe(200);
  return spans[0]?.traceId ?? '';
}

const ask = (path: string) => fetch(`${stack.urls.get('jaeger')}${path}`);

/** The most that the pages of Jaeger offer. */
const longestSearch = 1_500;

interface Found {
  readonly data: readonly unknown[];
}

async function search(): Promise<void> {
  const { data } = (await (await ask(`/api/traces?service=shop&lookback=1h&limit=${longestSearch}`)).json()) as Found;
  expect(data).toHaveLength(longestSearch);
}

/** What Go has taken from the system; it never says less, though it gives memory back. */
async function readMostMemory(): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${8_887 + portOffset}/metrics`)).text();
  const [, bytes] = /^otelcol_process_runtime_total_sys_memory_bytes\{.*\} (\S+)$/m.exec(page) ?? [];
  return Number(bytes) / 2 ** 20;
}

interface JaegerConfig {
  readonly extensions: {
    readonly jaeger_storage: {
      readonly backends: { readonly traces: { readonly memory: { readonly max_traces: number } } };
    };
  };
}

test('Jaeger full of traces fits into its container, searches included', async () => {
  const { extensions } = await readComposeFile<JaegerConfig>('jaeger/jaeger.yml');
  const { max_traces: mostTraces } = extensions.jaeger_storage.backends.traces.memory;
  const first = await sendTraces(100);
  let last = first;
  for (let sent = 0; sent < mostTraces; sent += 100) {
    last = await sendTraces(100);
    if (sent % 2_000 === 1_900) await search();
  }
  // It is full: what was there first has gone.
  expect([(await ask(`/api/traces/${first}`)).status, (await ask(`/api/traces/${last}`)).status]).toEqual([404, 200]);

  const most = await readMostMemory();
  reportMeasured(`Jaeger with ${mostTraces} traces of two spans: ${most.toFixed(0)} MiB at most, of ${limitMib} MiB`);
  expect(most).toBeGreaterThan(20);
  expect(most).toBeLessThan(limitMib);
});
