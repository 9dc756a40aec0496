import { afterEach, expect, test } from 'vitest';
import { type StallWatch, startStallWatch } from './stall-watch.ts';

let watch: StallWatch | undefined;
afterEach(() => watch?.stop());

test('a long enough time without a check is reported once as a stall, with its ends', async () => {
  const time = { ms: 1_000, looks: 0 };
  const stalls: number[][] = [];
  watch = startStallWatch({
    now: () => {
      time.looks += 1;
      return time.ms;
    },
    logger: { warn: () => undefined },
    gaps: { notSampled: (fromMs, untilMs) => stalls.push([fromMs, untilMs]) },
    stallMs: 500,
    checkMs: 2,
  });
  const looksMore = async () => {
    const { looks } = time;
    await expect.poll(() => time.looks, { timeout: 100_000, interval: 1 }).toBeGreaterThan(looks + 2);
  };
  for (const next of [1_500, 2_001, 1_900, 9_000]) {
    time.ms = next;
    await looksMore();
  }
  expect(stalls).toEqual([
    [1_500, 2_001],
    [1_900, 9_000],
  ]);
});
