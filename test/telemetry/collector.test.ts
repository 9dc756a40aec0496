import { eventually } from '@vmobs/testing';
import { expect, test } from 'vitest';
import { openCollector, refusingPort, say, take } from './faulty-collector.ts';
import { type SpanAccount, startTracedService, type TracedService, withoutRetry } from './traced-service.ts';

const nothingLost = { queued: 0, inFlight: 0, retries: 0, lost: {} };
const collectorAt = (port: number) => ({ SHOP_OTEL_ENDPOINT: `127.0.0.1:${port}` });

/** Waits until every span that has ended is either with the collector or lost. */
function untilSettled(service: TracedService, ended: number): Promise<SpanAccount> {
  const settled = ({ exported, lost }: SpanAccount) =>
    exported + Object.values(lost).reduce((sum, spans) => sum + spans, 0);
  return eventually(service.account, (account) => settled(account) === ended);
}

test('what the collector takes is exported, and the log says nothing of it', async () => {
  const collector = await openCollector();
  const service = await startTracedService(collectorAt(collector.port));
  service.endSpans(7);
  expect(await untilSettled(service, 7)).toEqual({ ...nothingLost, exported: 7 });
  expect(collector.exports.reduce((sum, { spans }) => sum + spans, 0)).toBe(7);
  expect(service.lines()).toEqual([]);
});

test('a collector that refuses connections is one warning, and one line when it is back', async () => {
  const port = await refusingPort();
  const service = await startTracedService({ ...collectorAt(port), ...withoutRetry });
  for (const ended of [2, 4, 6]) {
    service.endSpans(2);
    expect(await untilSettled(service, ended)).toEqual({ ...nothingLost, exported: 0, lost: { unreachable: ended } });
  }
  const warning = {
    level: 'warn',
    msg: 'the collector does not accept spans; they are lost until it does',
    collector: `http://127.0.0.1:${port}/v1/traces`,
    reason: expect.stringContaining('ECONNREFUSED'),
    lost_spans: 2,
  };
  expect(service.lines()).toEqual([expect.objectContaining(warning)]);

  const collector = await openCollector(port);
  let ended = 6;
  let account: SpanAccount;
  // On a slow machine half a second may be too short for an answer.
  do {
    service.endSpans(3);
    ended += 3;
    account = await untilSettled(service, ended);
  } while (account.exported === 0);
  expect(account).toMatchObject({ ...nothingLost, exported: 3, lost: { unreachable: 6 } });
  const back = { level: 'info', msg: 'the collector accepts spans again', lost_spans: ended - 3 };
  expect(service.lines().slice(1)).toEqual([expect.objectContaining(back)]);

  // The next time that it goes away is news again.
  await collector.close();
  service.endSpans(1);
  await untilSettled(service, ended + 1);
  expect(service.lines().slice(2)).toEqual([expect.objectContaining({ level: 'warn', lost_spans: 1 })]);
});

test('a line about the collector belongs to no trace', async () => {
  const service = await startTracedService({ ...collectorAt(await refusingPort()), ...withoutRetry });
  service.telemetry.tracer.startActiveSpan('request', (span) => {
    service.endSpans(1);
    span.end();
  });
  await untilSettled(service, 2);
  expect(service.lines()[0]).not.toHaveProperty('trace_id');
});

test('a collector that answers 503 with Retry-After gets its spans again', async () => {
  const collector = await openCollector();
  const service = await startTracedService(collectorAt(collector.port));
  collector.answer = (response) => {
    collector.answer = take;
    say(503, { 'retry-after': '1' })(response);
  };
  service.endSpans(4);
  expect(await untilSettled(service, 4)).toEqual({ ...nothingLost, exported: 4, retries: 1 });
  expect(collector.exports.map(({ spans }) => spans)).toEqual([4, 4]);
  expect(service.lines()).toEqual([]);
});

test('a collector that is back within the time of an export gets its spans', async () => {
  const port = await refusingPort();
  const service = await startTracedService(collectorAt(port));
  service.endSpans(4);
  await eventually(service.account, ({ retries }) => retries > 0);
  await openCollector(port);
  const { retries, ...account } = await untilSettled(service, 4);
  expect(account).toEqual({ queued: 0, inFlight: 0, exported: 4, lost: {} });
  expect(retries).toBeGreaterThanOrEqual(1);
  expect(service.lines()).toEqual([]);
});

test.for([
  ['503 for longer than an export may take', 'unavailable', say(503, { 'retry-after': '120' }), {}, 'HTTP status 503'],
  ['400', 'refused', say(400), {}, 'HTTP status 400'],
  ['nothing at all', 'timeout', () => undefined, withoutRetry, 'no answer in time'],
] as const)('a collector that answers with %s loses its spans as %s', async ([, loss, answer, env, reason]) => {
  const collector = await openCollector();
  const service = await startTracedService({ ...collectorAt(collector.port), ...env });
  collector.answer = answer;
  service.endSpans(5);
  expect(await untilSettled(service, 5)).toEqual({ ...nothingLost, exported: 0, lost: { [loss]: 5 } });
  expect(service.lines()).toEqual([expect.objectContaining({ level: 'warn', reason, lost_spans: 5 })]);
});

test.for(['3', 3])('only the spans that the collector rejects within an export are lost (%j)', async (rejected) => {
  const collector = await openCollector();
  const service = await startTracedService(collectorAt(collector.port));
  collector.answer = (response) => {
    const partialSuccess = { rejectedSpans: rejected, errorMessage: 'no attribute tenant' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ partialSuccess }));
  };
  service.endSpans(10);
  expect(await untilSettled(service, 10)).toEqual({ ...nothingLost, exported: 7, lost: { rejected: 3 } });
  service.endSpans(10);
  expect(await untilSettled(service, 20)).toEqual({ ...nothingLost, exported: 14, lost: { rejected: 6 } });
  const warning = { level: 'warn', reason: 'no attribute tenant', lost_spans: 3 };
  expect(service.lines()).toEqual([expect.objectContaining(warning)]);
});

test('of 10,000 spans that end in one turn each is exported or counted as lost', async () => {
  const collector = await openCollector();
  const service = await startTracedService(collectorAt(collector.port));
  // Until the first export is over the resource of the process may still be read.
  service.endSpans(1);
  await untilSettled(service, 1);

  service.endSpans(10_000);
  const { exported, lost, ...rest } = await untilSettled(service, 10_001);
  expect(rest).toEqual({ queued: 0, inFlight: 0, retries: 0 });
  // 512 leave at once, 2048 wait.
  expect({ exported, lost }).toEqual({ exported: 1 + 512 + 2_048, lost: { queue_full: 10_000 - 512 - 2_048 } });
  expect(collector.exports.reduce((sum, { spans }) => sum + spans, 0)).toBe(exported);
  expect(service.lines()).toEqual([]);
});

test('the queue is as long as OTEL_BSP_MAX_QUEUE_SIZE says, and a scrape sees it fill', async () => {
  const collector = await openCollector();
  const service = await startTracedService({
    ...collectorAt(collector.port),
    OTEL_BSP_MAX_QUEUE_SIZE: '20',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '512',
    OTEL_BSP_SCHEDULE_DELAY: '60000',
  });
  service.endSpans(19);
  expect(await service.account()).toEqual({ ...nothingLost, queued: 19, exported: 0 });
});

test('closing spends at most 3 s on spans and logs how many were lost', async () => {
  const collector = await openCollector();
  const service = await startTracedService({
    ...collectorAt(collector.port),
    OTEL_BSP_SCHEDULE_DELAY: '60000',
    OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
  });
  collector.answer = () => undefined;
  service.endSpans(1_234);
  await service.telemetry.close();
  const line = { level: 'warn', msg: 'spans that were not yet exported are lost', lost_spans: 1_234 };
  expect(service.lines()).toEqual([expect.objectContaining(line)]);
  expect(service.lines()[0]).toMatchObject({ reason: 'the collector did not answer within 3000 ms' });
});
