import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { startTicks, type TickReport, type TickWork } from './ticks.ts';

/** How long a slow machine may take. */
const patience = { timeout: 100_000, interval: 5 };

let ticks: { stop(): void } | undefined;
afterEach(() => ticks?.stop());

/** Ticks that note which blocks they visit. */
function startTestTicks(intervalMs: number, blocks: number, onVisit = (_visited: readonly number[]) => {}) {
  const startedAt = performance.now();
  const visited: number[] = [];
  const reports: TickReport[] = [];
  const work: TickWork = {
    blockCount: () => blocks,
    visit(block) {
      visited.push(block);
      onVisit(visited);
    },
    tickEnded: (report) => void reports.push(report),
  };
  ticks = startTicks(work, intervalMs);
  // A timer may fire a millisecond early.
  const mostRounds = () => (performance.now() - startedAt + 1) / intervalMs;
  return { visited, reports, mostRounds };
}

const spin = (milliseconds: number) => {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
};

test('each block is visited once an interval, in turn', async () => {
  const { visited, mostRounds } = startTestTicks(40, 10);
  await expect.poll(() => visited.length, patience).toBeGreaterThan(50);
  expect(visited.filter((block) => block === 3).length).toBeLessThanOrEqual(mostRounds());
  // Four ticks of 10 ms: a tick visits its own blocks, and then comes another.
  const pairs = visited.slice(1).map((block, index) => [visited[index] ?? 0, block] as const);
  for (const [before, block] of pairs) expect(before + 4 < 10 ? block === before + 4 : block < 4).toBe(true);
  expect(new Set(visited).size).toBe(10);
});

test('there are no more ticks than there is something to do for', async () => {
  const { reports, mostRounds } = startTestTicks(100, 1);
  await expect.poll(() => reports.length, patience).toBeGreaterThan(3);
  expect(reports.length).toBeLessThanOrEqual(mostRounds());
});

test('ticks that were missed are counted and not made up for', async () => {
  const intervalMs = 20;
  const { visited, reports, mostRounds } = startTestTicks(intervalMs, 1, (soFar) => {
    if (soFar.length === 2) spin(10 * intervalMs);
  });
  await expect.poll(() => reports.length, patience).toBeGreaterThan(5);
  const missed = reports.reduce((sum, report) => sum + report.missed, 0);
  expect(missed).toBeGreaterThanOrEqual(8);
  expect(visited.length + missed).toBeLessThanOrEqual(mostRounds() + 1);
});

test('the lateness of a tick and its work are reported separately', async () => {
  // An interval so long that the first tick is late by 30 ms and not missed, even where much else happens in between.
  const { reports } = startTestTicks(1_000, 1, (soFar) => {
    if (soFar.length === 1) spin(8);
  });
  spin(1_030);
  await expect.poll(() => reports.length, patience).toBeGreaterThan(0);
  const [first] = reports;
  expect(first?.lagMs).toBeGreaterThanOrEqual(29);
  expect(first?.workMs).toBeGreaterThanOrEqual(8);
});

test('the work of a tick is the time of all its visits', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
  onTestFinished(() => void vi.useRealTimers());
  const clock = { now: 5_000 };
  const time = vi.spyOn(performance, 'now').mockImplementation(() => clock.now);
  onTestFinished(() => time.mockRestore());
  const { reports } = startTestTicks(10, 3, () => {
    clock.now += 2;
  });
  clock.now += 11;
  vi.advanceTimersByTime(10);
  expect(reports).toEqual([{ lagMs: 1, workMs: 6, missed: 0 }]);
});

test('a long tick lets others in between: whoever waits does not wait for all of it', async () => {
  const blocks = 40;
  let waited = 0;
  const { reports } = startTestTicks(10, blocks, (soFar) => {
    spin(2);
    if (soFar.length > 1) return;
    const askedAfter = soFar.length;
    setImmediate(() => {
      waited = soFar.length - askedAfter;
    });
  });
  await expect.poll(() => reports.length, patience).toBeGreaterThan(0);
  // Turns of 10 ms and visits of 2: five or so, not forty.
  expect(waited).toBeLessThan(blocks / 2);
});

test('after stop nothing is visited', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { visited } = startTestTicks(10, 3);
  vi.advanceTimersByTime(15);
  expect(visited).toEqual([0, 1, 2]);
  ticks?.stop();
  expect(vi.getTimerCount()).toBe(0);
});

test('a tick that was interrupted does not continue after stop', async () => {
  const stopped = Promise.withResolvers<void>();
  const { visited } = startTestTicks(10, 3, (soFar) => {
    if (soFar.length > 1) return;
    // Before the rest of the tick, which is put off as its turn is over.
    setImmediate(() => {
      ticks?.stop();
      stopped.resolve();
    });
    spin(12);
  });
  await stopped.promise;
  await nextTurn();
  expect(visited).toEqual([0]);
});
