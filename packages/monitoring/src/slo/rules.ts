import { type BurnAlert, burnAlerts, evaluationSeconds, ratioWindows } from './burn-rates.ts';
import {
  budgetRemaining,
  burnCondition,
  errorRate,
  errorRatio,
  eventRate,
  indicator,
  ratioSelector,
} from './expressions.ts';
import { alertPrefixOf, errorBudgetOf, type Slo } from './slo.ts';

const runbookUrl = 'https://github.com/vmobs/vmobs/blob/main/docs/runbooks/ErrorBudgetBurn.md';
const dashboardsUrl = 'http://127.0.0.1:3000/d';

/** The dashboard that shows what an indicator is made of: billaged's counters are on its own, the rest on metald's. */
function dashboardUrlOf({ sli }: Slo): string {
  return `${dashboardsUrl}/${sli.total.startsWith('billaged_') ? 'billaged-billing' : 'metald-operations'}`;
}

interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A group of a Prometheus rule file. Its rules are evaluated in order, each with what those before it have recorded. */
export interface RuleGroup {
  readonly name: string;
  readonly interval: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

/** Makes the rules of an objective: what is recorded, and the alerts that read it. */
export function sloRuleGroup(slo: Slo): RuleGroup {
  return {
    name: `slo_${slo.sli.name}`,
    // Soon enough for a page, and half the samples in 30 days that the usual 15 s would record.
    interval: `${evaluationSeconds}s`,
    rules: [...recordings(slo), ...burnAlerts.flatMap((alert) => burnAlertRule(slo, alert))],
  };
}

function recordings(slo: Slo): RecordingRule[] {
  const { sli, objective, thresholdSeconds } = slo;
  const labels = { sli: sli.name, slo: slo.name };
  const rule = (record: string, expr: string) => ({ record, expr, labels });
  return [
    rule('slo:objective:ratio', `vector(${Number((objective / 100).toPrecision(12))})`),
    ...(thresholdSeconds === undefined ? [] : [rule('slo:objective_threshold:seconds', `vector(${thresholdSeconds})`)]),
    rule('slo:sli_events:rate5m', eventRate(sli)),
    rule('slo:sli_errors:rate5m', errorRate(sli)),
    ...ratioWindows.map((window) => rule(`slo:sli_errors:ratio_rate${window}`, errorRatio(sli, window))),
    rule(sli.name, indicator(slo)),
    rule('slo:error_budget_remaining:ratio30d', budgetRemaining(slo)),
  ];
}

function burnAlertRule(slo: Slo, burn: BurnAlert): AlertingRule[] {
  const expr = burnCondition(slo, burn);
  if (expr === undefined) return [];
  const { name, sli, objective, team } = slo;
  const spent = burn.rates.map(({ long }) => `${inPercentNow(ratioSelector(sli, long))} over ${long}`).join(', ');
  const left = inPercentNow(`slo:error_budget_remaining:ratio30d{sli="${sli.name}"}`);
  return [
    {
      alert: `${alertPrefixOf(name)}${burn.suffix}`,
      expr,
      labels: { severity: burn.severity, team, slo: name },
      annotations: {
        summary: `${name}: ${burn.meaning}`,
        description:
          `Errors are ${spent}; the objective of ${objective}% over 30d allows ${asPercent(errorBudgetOf(slo))}. ` +
          `Good are ${sli.description}. Left of the budget: ${left}.`,
        runbook_url: runbookUrl,
        dashboard_url: dashboardUrlOf(slo),
      },
    },
  ];
}

/** A template that shows a recorded share in percent. `$value` is of one of the windows and does not say of which. */
function inPercentNow(selector: string): string {
  return `{{ with query \`${selector}\` }}{{ . | first | value | humanizePercentage }}{{ end }}`;
}

function asPercent(share: number): string {
  return `${Number((share * 100).toPrecision(12))}%`;
}
