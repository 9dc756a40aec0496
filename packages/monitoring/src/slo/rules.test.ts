import { expect, test } from 'vitest';
import { sloRuleGroup } from './rules.ts';
import { alertPrefixOf, errorBudgetOf, type Slo } from './slo.ts';

const availability: Slo = {
  name: 'shop API Availability',
  sli: {
    name: 'shop_availability',
    description: 'orders that went through',
    total: 'orders_total',
    counted: { as: 'errors', selector: 'orders_total{code="internal"}' },
  },
  objective: 99.9,
  team: 'shop',
};

function expressions(slo: Slo): Map<string, string> {
  return new Map(
    sloRuleGroup(slo).rules.map((rule) => ['record' in rule ? rule.record : rule.alert, rule.expr] as const),
  );
}

test('an objective has eight ratio windows, a budget, an indicator and two alerts', () => {
  expect([...expressions(availability).keys()]).toEqual([
    'slo:objective:ratio',
    'slo:sli_events:rate5m',
    'slo:sli_errors:rate5m',
    ...['5m', '30m', '1h', '2h', '6h', '1d', '3d', '30d'].map((window) => `slo:sli_errors:ratio_rate${window}`),
    'shop_availability',
    'slo:error_budget_remaining:ratio30d',
    'ShopApiAvailabilityBurnRatePage',
    'ShopApiAvailabilityBurnRateTicket',
  ]);
});

test('no window of the counters is longer than an hour', () => {
  const counted = [...expressions(availability).values()].flatMap((expr) =>
    [...expr.matchAll(/orders_total\S*\[(\w+)\]/g)].map(([, window]) => window),
  );
  expect(new Set(counted)).toEqual(new Set(['5m', '30m', '1h']));
});

test.for([
  [99.9, 0.001],
  [99.99, 0.0001],
  [99.95, 0.0005],
  [95, 0.05],
  [100, 0],
] as const)('an objective of %d percent leaves a budget of %d, without binary dust', ([objective, budget]) => {
  expect(errorBudgetOf({ objective })).toBe(budget);
});

test('at 100 percent there is no division by the budget, and any error is too fast', () => {
  const rules = expressions({ ...availability, objective: 100 });
  expect(rules.get('slo:error_budget_remaining:ratio30d')).not.toContain('/');
  expect(rules.get('ShopApiAvailabilityBurnRatePage')).toContain('ratio_rate1h{sli="shop_availability"} > 14.4 * 0');
});

test('windows that can never fire are left out, and so is an alert without any', () => {
  const ninety = expressions({ ...availability, objective: 90 });
  expect(ninety.get('ShopApiAvailabilityBurnRatePage')).not.toContain('14.4');
  expect(ninety.get('ShopApiAvailabilityBurnRatePage')).toContain('> 6 * 0.1');
  const half = expressions({ ...availability, objective: 50 });
  expect(half.has('ShopApiAvailabilityBurnRatePage')).toBe(false);
  expect(half.get('ShopApiAvailabilityBurnRateTicket')).toContain('> 1 * 0.5');
});

test('each pair of windows has a least number of bad events, 10 by default, but not at 100 percent', () => {
  const leastOf = (slo: Slo) =>
    ['Page', 'Ticket'].flatMap((suffix) =>
      [...(expressions(slo).get(`ShopApiAvailabilityBurnRate${suffix}`) ?? '').matchAll(/>= (\d+)/g)].map(([, n]) => n),
    );
  expect(leastOf(availability)).toEqual(['10', '10', '10', '10']);
  expect(leastOf({ ...availability, leastErrors: 6_000 })).toEqual(['6000', '6000', '6000', '6000']);
  expect(leastOf({ ...availability, objective: 100, leastErrors: 5 })).toEqual([]);
});

test('every alert says who is notified, what happens, and where to look next', () => {
  for (const rule of sloRuleGroup(availability).rules) {
    if (!('alert' in rule)) continue;
    expect(rule.labels).toEqual({
      severity: rule.alert.endsWith('Page') ? 'critical' : 'warning',
      team: 'shop',
      slo: 'shop API Availability',
    });
    expect(Object.keys(rule.annotations)).toEqual(['summary', 'description', 'runbook_url', 'dashboard_url']);
  }
});

test('alerts are named after the words of the objective', () => {
  expect(alertPrefixOf('metald API Latency')).toBe('MetaldApiLatency');
  expect(alertPrefixOf('Billing Data-Completeness_2')).toBe('BillingDataCompleteness2');
});
