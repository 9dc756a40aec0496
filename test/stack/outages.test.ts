import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validConfig, vmClient } from '../wire/clients.ts';
import { readWrittenLines, untilLokiHasAll } from './log-lines.ts';
import { type RunningStack, startRunningStack } from './running-stack.ts';
import { startSteadyTraffic } from './steady-traffic.ts';
import { tellMeasured } from './tell-measured.ts';
import { findLostSpans, readLoggedSpans, untilJaegerHas } from './trace-spans.ts';

/*
 * A minute without the collector, and one without Loki, while both services work and write. What is measured here is in
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
 * Takes a part away for a minute amid steady traffic.
 *
 * @param halfway what happens in the middle of it
 * @returns when that was
 */
async function outage(
  part: 'otelcol' | 'loki',
  halfway?: () => Promise<void>,
): Promise<{ begin: number; end: number }> {
  const traffic = await startSteadyTraffic(running.metaldUrl());
  await sleep(2 * spanDelayMs);
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
  return { begin, end };
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

test('without the collector for a minute, no line is lost, and of the spans those that the SDK gives up', async () => {
  const { begin, end } = await outage('otelcol');

  const { written, repeated } = await untilLokiHasAll(running);
  tellMeasured(
    `collector away ${outageMs / 1_000} s: ${written} lines written, all in Loki, ${repeated.length} repeated`,
  );
  expect(repeated).toEqual([]);

  await untilSpansHaveCome();
  const during = (await readLoggedSpans(running)).filter(({ time }) => time >= begin && time <= end);
  const lost = await findLostSpans(running);
  const times = lost.map(({ time }) => time);
  const first = Math.min(...times) - begin;
  const last = end - Math.max(...times);
  tellMeasured(
    `collector away ${outageMs / 1_000} s: ${lost.length} spans lost, ${during.length} ended meanwhile; ` +
      `the first ended ${first} ms after it went, the last ${last} ms before it was back`,
  );
  // The SDK tries to send for some 10 s, then gives up what it has gathered until it began.
  expect(lost.length).toBeGreaterThan(0);
  expect(lost.length).toBeLessThan(during.length);
  // What had not been sent yet when the collector went is lost with the rest; nothing before, nothing after.
  expect(first).toBeGreaterThan(-spanDelayMs - 1_000);
  expect(last).toBeGreaterThan(0);
});

test('without Loki for a minute, in which the collector crashes too, neither a line nor a span is lost', async () => {
  const lostBefore = (await findLostSpans(running)).length;
  await outage('loki', async () => {
    await running.part('otelcol').stop('SIGKILL');
    await running.part('otelcol').start();
  });

  const { written, repeated } = await untilLokiHasAll(running);
  tellMeasured(`Loki away ${outageMs / 1_000} s: ${written} lines written, all in Loki, ${repeated.length} repeated`);
  expect(repeated).toEqual([]);

  await untilSpansHaveCome();
  expect(await findLostSpans(running)).toHaveLength(lostBefore);
  tellMeasured(`Loki away ${outageMs / 1_000} s: no span lost`);
});

test('Loki takes a line that comes five hours late, as after a long outage, and finds it', async () => {
  const timeUnixNano = `${Date.now() - 5 * 3_600_000}000000`;
  const attributes = [{ key: 'service.name', value: { stringValue: 'late' } }];
  const send = (logRecord: object) =>
    fetch(`${running.urls.get('loki')}/otlp/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: [logRecord] }] }] }),
    });
  const inTime = await send({ timeUnixNano: `${Date.now()}000000`, body: { stringValue: 'in time' } });
  const late = await send({ timeUnixNano, body: { stringValue: 'five hours late' } });
  expect([inTime.status, late.status]).toEqual([204, 204]);

  const query = encodeURIComponent('{service_name="late"} |= "five hours late"');
  const path = `/loki/api/v1/query_range?query=${query}&start=${timeUnixNano}`;
  const { data } = await running.ask<{ data: { result: readonly unknown[] } }>('loki', path);
  expect(data.result).toHaveLength(1);
});
