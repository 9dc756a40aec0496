import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startFaultyService } from '../testing/start-faulty-service.ts';

const patience = { timeout: 20_000, interval: 50 };

test('cpu-burn uses its share of a core while requests are served, and no more of it afterwards', async () => {
  const { switchOn, switchOff, read } = await startFaultyService();
  const cpuSeconds = () => read('process_cpu_seconds_total');
  /** Share of a core that the process has used while nobody asked it for anything. */
  const shareNow = async () => {
    const before = [process.cpuUsage(), performance.now()] as const;
    await sleep(200);
    const { user, system } = process.cpuUsage(before[0]);
    return (user + system) / 1_000 / (performance.now() - before[1]);
  };
  await switchOn('cpu-burn', { size: 1 });
  const before = await cpuSeconds();
  await expect.poll(cpuSeconds, patience).toBeGreaterThan(before + 0.5);
  await switchOff('cpu-burn');
  await expect.poll(shareNow, patience).toBeLessThan(0.2);
});

test('memory-growth takes resident memory up to its limit and holds it; its end gives it back', async () => {
  const { switchOn, switchOff, read } = await startFaultyService();
  const megabytes = async () => (await read('process_resident_memory_bytes')) / 1e6;
  const before = await megabytes();
  await switchOn('memory-growth', { size: 500, limit_mb: 200 });
  await expect.poll(megabytes, patience).toBeGreaterThan(before + 170);
  await sleep(200);
  expect(await megabytes()).toBeLessThan(before + 300);
  await switchOff('memory-growth');
  await expect.poll(megabytes, patience).toBeLessThan(before + 100);
});

test('event-loop-stall makes the loop late, again and again, and lets it alone afterwards', async () => {
  const { switchOn, switchOff, read, lines } = await startFaultyService();
  const lag = () => read('nodejs_eventloop_lag_p99_seconds');
  await lag();
  await switchOn('event-loop-stall', { size: 100, every_s: 0.02 });
  await expect.poll(lag, patience).toBeGreaterThanOrEqual(0.08);
  await expect.poll(lag, patience).toBeGreaterThanOrEqual(0.08);
  await switchOff('event-loop-stall');
  await expect.poll(lag, patience).toBeLessThan(0.08);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('log-flood writes lines until it is over', async () => {
  const { switchOn, switchOff, lines } = await startFaultyService();
  const flood = () => lines.filter(({ msg }) => String(msg).startsWith('connection was reset')).length;
  await switchOn('log-flood', { size: 1_000 });
  await expect.poll(flood, patience).toBeGreaterThan(100);
  await switchOff('log-flood');
  const written = flood();
  await sleep(150);
  expect(flood()).toBe(written);
});
