import { expect, test } from 'vitest';
import { createLogThrottle } from './log-throttle.ts';

test('one line an interval passes, and says how many were left out before it', () => {
  let time = 0;
  const throttle = createLogThrottle(100, () => time);
  const passed = [0, 10, 99, 100, 150, 199, 250].map((at) => {
    time = at;
    return throttle.next()?.leftOut;
  });
  expect(passed).toEqual([0, undefined, undefined, 2, undefined, undefined, 2]);
});
