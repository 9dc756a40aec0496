import { expect, test } from 'vitest';
import { createBreaker } from './breaker.ts';

/** A breaker with a clock of its own, without jitter. */
function createTestBreaker() {
  const time = { ms: 0 };
  const breaker = createBreaker({
    failuresToOpen: 3,
    firstPauseMs: 100,
    longestPauseMs: 350,
    longestRetryAfterMs: 5_000,
    random: () => 1,
    clock: () => time.ms,
  });
  const fail = (count: number, retryAfterMs?: number) => {
    for (let failed = 0; failed < count; failed += 1) breaker.failed(breaker.begin(), retryAfterMs);
  };
  return { breaker, time, fail };
}

test('it opens after enough consecutive failures, and a success resets the count', () => {
  const { breaker, fail } = createTestBreaker();
  fail(2);
  breaker.succeeded(breaker.begin());
  fail(2);
  expect([breaker.state, breaker.waitMs()]).toEqual(['closed', 0]);
  fail(1);
  expect([breaker.state, breaker.waitMs()]).toEqual(['open', 100]);
});

test('after the pause one attempt is made, and its success closes it', () => {
  const { breaker, time, fail } = createTestBreaker();
  fail(3);
  time.ms = 99;
  expect(breaker.waitMs()).toBe(1);
  time.ms = 100;
  expect(breaker.waitMs()).toBe(0);
  const probe = breaker.begin();
  expect([breaker.state, breaker.waitMs()]).toEqual(['half_open', Number.POSITIVE_INFINITY]);
  breaker.succeeded(probe);
  expect([breaker.state, breaker.waitMs()]).toEqual(['closed', 0]);
});

test('each failed probe doubles the pause up to the longest, and a success resets it', () => {
  const { breaker, time, fail } = createTestBreaker();
  fail(3);
  const pauses = [100, 200, 350, 350].map((expected) => {
    expect(breaker.waitMs()).toBe(expected);
    time.ms += expected;
    breaker.failed(breaker.begin());
    return expected;
  });
  expect(pauses).toHaveLength(4);
  time.ms += 350;
  breaker.succeeded(breaker.begin());
  fail(3);
  expect(breaker.waitMs()).toBe(100);
});

test('attempts from before it opened do not extend the pause; a success closes it', () => {
  const { breaker, time, fail } = createTestBreaker();
  const early = [breaker.begin(), breaker.begin()];
  fail(3);
  time.ms = 50;
  breaker.failed(early[0] ?? { isProbe: false });
  expect(breaker.waitMs()).toBe(50);
  breaker.succeeded(early[1] ?? { isProbe: false });
  expect(breaker.state).toBe('closed');
});

test('a failure of an earlier attempt does not decide for the probe', () => {
  const { breaker, time, fail } = createTestBreaker();
  const early = breaker.begin();
  fail(3);
  time.ms = 100;
  const probe = breaker.begin();
  breaker.failed(early);
  expect(breaker.state).toBe('half_open');
  breaker.failed(probe);
  expect(breaker.state).toBe('open');
});

test('what billaged asks for is waited for, also when closed, within bounds', () => {
  const { breaker, time, fail } = createTestBreaker();
  fail(1, 2_000);
  expect([breaker.state, breaker.waitMs()]).toEqual(['closed', 2_000]);
  time.ms = 2_000;
  fail(2, 60_000);
  expect([breaker.state, breaker.waitMs()]).toEqual(['open', 5_000]);
});

test('in a hurry it waits no longer than the first pause, whatever was asked for', () => {
  const { breaker, time, fail } = createTestBreaker();
  fail(3, 4_000);
  breaker.hurry();
  expect(breaker.waitMs()).toBe(0);
  for (let probe = 0; probe < 3; probe += 1) {
    breaker.failed(breaker.begin(), 4_000);
    expect(breaker.waitMs()).toBe(100);
    time.ms += 100;
  }
});

test('the pause is between half of it and all of it', () => {
  const waits = [0, 0.5, 1].map((random) => {
    const breaker = createBreaker({ failuresToOpen: 1, firstPauseMs: 100, random: () => random, clock: () => 0 });
    breaker.failed(breaker.begin());
    return breaker.waitMs();
  });
  expect(waits).toEqual([50, 75, 100]);
});
