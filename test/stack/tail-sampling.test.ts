import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stack } from '@vmobs/lab/stack';
import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { portOffset } from './port-offset.ts';
import { placeAlone, startParts } from './start-parts.ts';

/*
 * The collector with tail-sampling.yml laid over its configuration, and Jaeger behind it.
 */

const startedAt = Date.now();

let folder: string;
let stack: Stack;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-tail-sampling-'));
  stack = await startParts(['jaeger', 'otelcol'], placeAlone(folder, { collectorConfig: 'tail-sampling.yml' }));
});
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true });
});

/** Digits that are the same in every run, so that the same traces are kept. */
const digits = (seed: string, count: number) => createHash('sha256').update(seed).digest('hex').slice(0, count);

interface SpanOptions {
  readonly trace: string;
  readonly name?: string;
  readonly milliseconds?: number;
  readonly isError?: boolean;
}

function makeSpan({ trace, name = 'root', milliseconds = 20, isError = false }: SpanOptions) {
  const start = BigInt(startedAt) * 1_000_000n;
  return {
    traceId: digits(trace, 32),
    spanId: digits(trace + name, 16),
    ...(name === 'root' ? {} : { parentSpanId: digits(`${trace}root`, 16) }),
    name,
    kind: 2,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(milliseconds) * 1_000_000n),
    status: isError ? { code: 2 } : {},
  };
}

/** Sends spans as a service does. */
async function send(service: string, spans: readonly SpanOptions[]): Promise<void> {
  const attributes = [{ key: 'service.name', value: { stringValue: service } }];
  const response = await fetch(`${stack.urls.get('otelcol')}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: spans.map(makeSpan) }] }],
    }),
  });
  expect(response.status).toBe(200);
}

interface JaegerAnswer {
  readonly data: readonly { readonly traceID: string; readonly spans: readonly { readonly operationName: string }[] }[];
}

/** The traces that Jaeger has: the names of the spans of each. */
async function readKept(): Promise<ReadonlyMap<string, readonly string[]>> {
  const range = `start=${(startedAt - 60_000) * 1_000}&end=${(Date.now() + 60_000) * 1_000}`;
  const response = await fetch(`${stack.urls.get('jaeger')}/api/traces?service=shop&${range}&limit=1000`);
  const { data } = (await response.json()) as JaegerAnswer;
  return new Map(
    data.map(({ traceID, spans }) => [traceID, spans.map(({ operationName }) => operationName).sort()] as const),
  );
}

const fastTraces = Array.from({ length: 200 }, (_, index) => `fast ${index}`);

test('errors and slow traces are kept whole, a tenth of the others, and all are counted', async () => {
  await send(
    'shop',
    fastTraces.map((trace) => ({ trace })),
  );
  await send('shop', [
    { trace: 'failed' },
    { trace: 'slow', milliseconds: 600 },
    { trace: 'almost slow', milliseconds: 499 },
  ]);
  // The error comes later, from another service: the trace is judged when all of it is there.
  await sleep(2_000);
  await send('warehouse', [{ trace: 'failed', name: 'child', isError: true }]);
  // Comes later still, and is judged after all the others.
  await send('shop', [{ trace: 'last', isError: true }]);

  const kept = await eventually(readKept, (traces) => traces.has(digits('last', 32)));
  expect(kept.get(digits('failed', 32))).toEqual(['child', 'root']);
  expect(kept.get(digits('slow', 32))).toEqual(['root']);
  // Whether one of the others is kept hangs on its id alone, and the ids are the same in every run. 20 are expected here;
  // four standard deviations are 17.
  expect(kept.has(digits('almost slow', 32))).toBe(false);
  const keptFast = fastTraces.filter((trace) => kept.has(digits(trace, 32))).length;
  expect(keptFast).toBeGreaterThan(3);
  expect(keptFast).toBeLessThan(37);

  const all = fastTraces.length + 5;
  expect(await eventually(countSpans, (count) => count >= all)).toBe(all);
});

/** The spans of both services that the span metrics have counted. */
async function countSpans(): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${8889 + portOffset}/metrics`)).text();
  const samples = page.matchAll(/^traces_span_metrics_calls_total\{.*service_name="(?:shop|warehouse)".*\} (\d+)/gm);
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}

test('the collector has nothing to complain about', async () => {
  const log = await readFile(stack.part('otelcol').logFile, 'utf8');
  expect(log.split('\n').filter((line) => /\t(?:warn|error)\t/.test(line))).toEqual([]);
});
