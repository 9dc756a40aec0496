import { expect, test } from 'vitest';
import { divideDurations } from './fast-clock.ts';

test('times of keys, ranges, subqueries and offsets are divided', () => {
  const rules = `
groups:
  - name: critical
    interval: 30s
    rules:
      - alert: HighErrorRate
        expr: rate(errors_total[5m] offset 1h) > 0.05 or max_over_time(x[1h30m:1m]) > 300
        for: 2m
`;
  const fast = divideDurations(rules, 30);
  expect(fast).toContain('interval: 1000ms');
  expect(fast).toContain('for: 4000ms');
  expect(fast).toContain('rate(errors_total[10000ms] offset 120000ms) > 0.05');
  expect(fast).toContain('x[180000ms:2000ms]) > 300');
});

test('words that only look like durations stay unchanged', () => {
  const text = 'summary: down for 5m\n  expr: slo:errors:ratio_rate5m > 0.1\n  retention:\n    time: 15d\n';
  expect(divideDurations(text, 30)).toBe(text);
});
