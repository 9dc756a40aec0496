import { expect, onTestFinished, test, vi } from 'vitest';
import { readValues } from '../parameters.ts';
import { startFaultyService } from '../testing/start-faulty-service.ts';
import { createCpuBurn } from './cpu-burn.ts';
import { createEventLoopStall } from './event-loop-stall.ts';
import { createLogFlood } from './log-flood.ts';
import { createMemoryGrowth } from './memory-growth.ts';
import { createProcessCrash } from './process-crash.ts';

const patience = { timeout: 100_000, interval: 50 };

test('cpu-burn uses its share of a core while requests are served', async () => {
  const { switchOn, switchOff, read } = await startFaultyService();
  const cpuSeconds = () => read('process_cpu_seconds_total');
  await switchOn('cpu-burn', { size: 1 });
  const before = await cpuSeconds();
  await expect.poll(cpuSeconds, patience).toBeGreaterThan(before + 0.5);
  await switchOff('cpu-burn');
});

test('memory-growth holds resident memory up to its limit until it ends', async () => {
  const { switchOn, switchOff, read } = await startFaultyService();
  const megabytes = async () => (await read('process_resident_memory_bytes')) / 1e6;
  const before = await megabytes();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  await switchOn('memory-growth', { size: 500, limit_mb: 200 });
  vi.advanceTimersByTime(300);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(3_600_000);
  // The limit is reached, so nothing more is allocated.
  expect(vi.getTimerCount()).toBe(0);
  expect(await megabytes()).toBeGreaterThan(before + 170);
  expect(await megabytes()).toBeLessThan(before + 300);
  await switchOff('memory-growth');
  await expect.poll(megabytes, patience).toBeLessThan(before + 100);
});

test('event-loop-stall blocks the event loop repeatedly', async () => {
  const { switchOn, switchOff, read, lines } = await startFaultyService();
  const lag = () => read('nodejs_eventloop_lag_p99_seconds');
  await lag();
  await switchOn('event-loop-stall', { size: 100, every_s: 0.02 });
  await expect.poll(lag, patience).toBeGreaterThanOrEqual(0.08);
  await expect.poll(lag, patience).toBeGreaterThanOrEqual(0.08);
  await switchOff('event-loop-stall');
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('log-flood writes the requested number of lines per second', async () => {
  const { switchOn, switchOff, lines } = await startFaultyService();
  const flood = () => lines.filter(({ msg }) => String(msg).startsWith('connection was reset')).length;
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  await switchOn('log-flood', { size: 1_000 });
  vi.advanceTimersByTime(2_000);
  expect(flood()).toBe(2_000);
  await switchOff('log-flood');
  expect(vi.getTimerCount()).toBe(0);
});

test.for([createCpuBurn(), createMemoryGrowth(), createEventLoopStall(), createLogFlood(), createProcessCrash()])(
  '$name continues by a timer, and its end leaves none',
  async ({ parameters, begin }) => {
    const { logger } = await startFaultyService();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const end = begin(readValues(parameters, {}), { logger });
    expect(vi.getTimerCount()).toBe(1);
    end();
    expect(vi.getTimerCount()).toBe(0);
  },
);

test.for([createCpuBurn(), createEventLoopStall()])(
  '$name can be ended in the middle, too',
  async ({ parameters, begin }) => {
    const { logger } = await startFaultyService();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const end = begin(readValues(parameters, {}), { logger });
    for (let turn = 0; turn < 3; turn += 1) vi.advanceTimersToNextTimer();
    expect(vi.getTimerCount()).toBe(1);
    end();
    expect(vi.getTimerCount()).toBe(0);
  },
);
