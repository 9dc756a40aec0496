import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { alertThresholds } from './alert-thresholds.ts';

interface AlertRule {
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: { readonly severity?: string };
}

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly AlertRule[] }[];
}

const folder = join(import.meta.dirname, '../../../../compose/prometheus/rules');
const rules = readdirSync(folder)
  .filter((name) => name.endsWith('.yml'))
  .flatMap((name) => {
    const file: RuleFile = parse(readFileSync(join(folder, name), 'utf8'));
    return file.groups.flatMap((group) => group.rules);
  });

/** Comparisons of alerts whose panel shows integer counts and is coloured from 1 on. */
const fromTheFirst: Readonly<Record<string, string>> = {
  ServiceDown: '== 0',
  BillingMetricsDropped: '> 0',
  LogStoreReadOnly: '== 1',
  LogStoreDroppingRows: '> 0',
  LogLinesMissing: '> 0',
};

test.each(Object.entries(alertThresholds))(
  'panels show the bound of %s in the colour of its severity',
  (alert, bounds) => {
    const rule = rules.find((candidate) => candidate.alert === alert);
    const limits = Array.from((rule?.expr ?? '').matchAll(/> ([\d.e]+)/g), ([, number]) => Number(number));
    const thresholds = 'value' in bounds ? [bounds] : Object.values(bounds);
    const colour = rule?.labels?.severity === 'critical' ? 'red' : 'orange';

    expect(rule, `no rule has the name ${alert}`).toBeDefined();
    for (const threshold of thresholds) {
      const comparison = fromTheFirst[alert];
      if (comparison === undefined) expect(limits).toContain(threshold.value);
      else expect([rule?.expr.includes(comparison), threshold.value]).toEqual([true, 1]);
      expect(threshold.colour).toBe(colour);
    }
  },
);
