import { expect, test } from 'vitest';
import { startFaultyService } from '../testing/start-faulty-service.ts';

test('metrics-slow delays scrapes until it ends', async () => {
  const { switchOn, switchOff, scrape, call } = await startFaultyService();
  await switchOn('metrics-slow', { size: 60_000 });
  let isAnswered = false;
  const waiting = scrape().then((response) => {
    isAnswered = true;
    return response;
  });
  // The API is not delayed.
  for (let count = 0; count < 20; count += 1) expect((await call('GET')).status).toBe(200);
  expect(isAnswered).toBe(false);
  await switchOff('metrics-slow');
  expect((await waiting).status).toBe(200);
  expect((await scrape()).status).toBe(200);
});

test('a scrape that metrics-slow has delayed is served after the delay', async () => {
  const { switchOn, scrape, call } = await startFaultyService();
  await switchOn('metrics-slow', { size: 30 });
  expect((await scrape()).status).toBe(200);
  expect(await (await call('GET', '/metrics-slow')).json()).toMatchObject({ active: { values: { size: 30 } } });
});

test('a service closes in order while metrics-slow delays a scrape', async () => {
  const { switchOn, close, scrape, lines, call } = await startFaultyService();
  await switchOn('metrics-slow', { size: 120_000 });
  const waiting = scrape();
  // Time for it to arrive.
  for (let count = 0; count < 20; count += 1) await call('GET');
  await close();
  expect((await waiting).status).toBe(200);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('metrics-down answers 503 until it ends', async () => {
  const { switchOn, switchOff, scrape, call } = await startFaultyService();
  await switchOn('metrics-down');
  const response = await scrape();
  expect([response.status, await response.text()]).toEqual([503, 'service unavailable\n']);
  expect((await call('GET')).status).toBe(200);
  await switchOff('metrics-down');
  expect((await scrape()).status).toBe(200);
});

test('metrics-down resets connections with how: reset', async () => {
  const { switchOn, switchOff, scrape } = await startFaultyService();
  await switchOn('metrics-down', { how: 'reset' });
  await expect(scrape()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  await switchOff('metrics-down');
  expect((await scrape()).status).toBe(200);
});

test('metrics-down fails the requested share of scrapes', async () => {
  // The random number is always 0.5.
  const { switchOn, scrape } = await startFaultyService();
  await switchOn('metrics-down', { size: 0.4 });
  expect((await scrape()).status).toBe(200);
  await switchOn('metrics-down', { size: 0.6 });
  expect((await scrape()).status).toBe(503);
});
