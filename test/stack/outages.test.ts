import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validConfig, vmClient } from '../support/clients.ts';
import { readWrittenLines, untilStoreHasAll } from './log-lines.ts';
import { reportMeasured } from './report-measured.ts';
import { type RunningStack, startRunningStack } from './running-stack.ts';
import { startSteadyTraffic } from './steady-traffic.ts';
import { findLostSpans, readLoggedSpans, untilJaegerHas } from './trace-spans.ts';

/*
 * A minute without the collector, and one without the log store, while both services work and write. What is measured here is in
 * docs/losses.md.
 */

const outageMs = 60_000;

/** How long the services gather spans before they send them: what the SDK does unless it is told otherwise. */
const spanDelayMs = 5_000;

let running: RunningStack;

beforeAll(async () => {
  running = await startRunningStack({ speed: 15, spanDelayMs });
});
afterAll(() => running.close());

/**
 * Takes a part away for a minute during steady traffic.
 *
 * @param halfway what happens in the middle of it
 * @returns when that was, and a moment before it: every span that had ended by then was in Jaeger in time
 */
async function outage(
  part: 'otelcol' | 'victoria-logs',
  halfway?: () => Promise<void>,
): Promise<{ arrivedUntil: number; begin: number; end: number }> {
  const startedAt = Date.now();
  const traffic = await startSteadyTraffic(running.metaldUrl());
  await sleep(spanDelayMs);
  const arrivedUntil = Date.now();
  const ended = (await readLoggedSpans(running)).filter(({ time }) => time >= startedAt && time < arrivedUntil);
  await untilJaegerHas(running, ended);
  const begin = Date.now();
  await running.part(part).stop();
  const linesBefore = await countLines();
  await sleep(outageMs / 2);
  await halfway?.();
  await sleep(outageMs / 2);
  const linesAfter = await countLines();
  await running.part(part).start();
  const end = Date.now();
  await sleep(spanDelayMs);
  await traffic.stop();
  // Both services have worked and written all the while.
  expect(linesAfter.metald).toBeGreaterThan(linesBefore.metald);
  expect(linesAfter.billaged).toBeGreaterThan(linesBefore.billaged);
  return { arrivedUntil, begin, end };
}

async function countLines(): Promise<{ metald: number; billaged: number }> {
  const metald = await readWrittenLines(running, 'metald');
  const billaged = await readWrittenLines(running, 'billaged');
  return { metald: metald.length, billaged: billaged.length };
}

/** Waits until the spans of both services that end now are in Jaeger; those before them have then come, or never will. */
async function untilSpansHaveCome(): Promise<void> {
  const client = vmClient(running.metaldUrl());
  const before = Date.now();
  const { vmId } = await client.createVm({ config: validConfig });
  await client.bootVm({ vmId });
  await client.shutdownVm({ vmId });
  await client.deleteVm({ vmId });
  await untilJaegerHas(
    running,
    (await readLoggedSpans(running)).filter(({ time }) => time >= before),
  );
}

test('a minute without the collector loses no line and only the spans that the SDK gives up', async () => {
  const { arrivedUntil, begin, end } = await outage('otelcol');

  const { written, repeated } = await untilStoreHasAll(running);
  reportMeasured(
    `collector away ${outageMs / 1_000} s: ${written} lines written, all stored, ${repeated.length} twice`,
  );
  expect(repeated).toEqual([]);

  await untilSpansHaveCome();
  const during = (await readLoggedSpans(running)).filter(({ time }) => time >= begin && time <= end);
  const lost = await findLostSpans(running);
  const times = lost.map(({ time }) => time);
  const first = Math.min(...times) - begin;
  const last = end - Math.max(...times);
  reportMeasured(
    `collector away ${outageMs / 1_000} s: ${lost.length} spans lost, ${during.length} ended meanwhile; ` +
      `the first ended ${first} ms after it went, the last ${last} ms before it was back`,
  );
  // The SDK tries to send for some 10 s, then gives up what it has gathered until it began.
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.length).toBeLessThan(during.length);
  // What had not been sent yet when the collector went is lost with the rest; nothing before, nothing after.
  expect(Math.min(...times)).toBeGreaterThanOrEqual(arrivedUntil);
  expect(last).toBeGreaterThan(0);
});

test('a minute without the log store, with a collector crash, loses no line and no span', async () => {
  const lostBefore = (await findLostSpans(running)).length;
  await outage('victoria-logs', async () => {
    await running.part('otelcol').stop('SIGKILL');
    await running.part('otelcol').start();
  });

  const { written, repeated } = await untilStoreHasAll(running);
  reportMeasured(
    `log store away ${outageMs / 1_000} s: ${written} lines written, all stored, ${repeated.length} twice`,
  );

  await untilSpansHaveCome();
  expect(await findLostSpans(running)).toHaveLength(lostBefore);
  reportMeasured(`log store away ${outageMs / 1_000} s: no span lost`);
});

test('the log store takes lines that are five hours and two days late', async () => {
  const hour = 3_600_000;
  const lines = [5, 48].map((hours) => ({
    _time: new Date(Date.now() - hours * hour).toISOString(),
    _msg: `${hours} hours late`,
    'service.name': 'late',
  }));
  const response = await fetch(`${running.urls.get('victoria-logs')}/insert/jsonline?_stream_fields=service.name`, {
    method: 'POST',
    headers: { 'content-type': 'application/stream+json' },
    body: lines.map((line) => JSON.stringify(line)).join('\n'),
  });
  expect(response.status).toBe(200);
  const read = () => running.askLogs<{ _msg: string }>('{service.name="late"}', { start: '3d' });
  const stored = await eventually(read, (found) => found.length === 2);
  expect(stored.map(({ _msg }) => _msg).sort()).toEqual(['48 hours late', '5 hours late']);
});
