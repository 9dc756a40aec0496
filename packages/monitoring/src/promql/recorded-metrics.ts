import { anyValue, type LabelSchema } from '@vmobs/telemetry';
import { absentSelectors } from './absent-series.ts';
import { type KnownMetric, type MetricKnowledge, mergeMetrics } from './metric-knowledge.ts';
import { ExpressionError, parseExpression } from './parse-expression.ts';
import type { Query } from './query.ts';
import { labelsOf } from './result-labels.ts';

/**
 * Adds what the recording rules among the queries record, with the labels that their expressions leave, and the alerts
 * that `ALERTS` can name.
 */
export function withRecordedMetrics(knowledge: MetricKnowledge, queries: readonly Query[]): MetricKnowledge {
  const rules = queries.filter(({ kind }) => kind === 'recording');
  const placeholders = new Map(rules.map(({ name, labels }) => [name, recorded(name, labels, undefined)]));
  let current = { ...knowledge, metrics: new Map([...knowledge.metrics, ...placeholders]) };
  // Rules read each other. Each pass knows one link more of a chain, and no chain is longer than the list of rules.
  for (let pass = 0; pass < rules.length; pass += 1) {
    const found = new Map<string, KnownMetric>();
    for (const rule of rules) found.set(rule.name, mergeMetrics(found.get(rule.name), record(rule, current)));
    const next = { ...knowledge, metrics: new Map([...knowledge.metrics, ...found]) };
    const isDone = [...found].every(([name, metric]) => isSame(metric, current.metrics.get(name)));
    current = next;
    if (isDone) break;
  }
  return withAlerts(current, queries);
}

function record({ name, expression, labels }: Query, knowledge: MetricKnowledge): KnownMetric {
  try {
    const parsed = parseExpression(expression);
    const mayBeAbsent = absentSelectors(parsed, knowledge).length > 0;
    return recorded(name, labels, { ...labelsOf(parsed, knowledge), mayBeAbsent });
  } catch (error) {
    // A parse error is a separate finding.
    if (error instanceof ExpressionError) return recorded(name, labels, undefined);
    throw error;
  }
}

/** A recorded result is a gauge, even if computed from counters: its resets are not those of a counter. */
function recorded(
  name: string,
  added: Query['labels'],
  result: { labels: LabelSchema; isOpen: boolean; mayBeAbsent: boolean } | undefined,
): KnownMetric {
  const { labels, isOpen, mayBeAbsent } = result ?? { labels: {}, isOpen: true, mayBeAbsent: false };
  const ofRule = Object.fromEntries(Object.entries(added ?? {}).map(([label, value]) => [label, [value]] as const));
  const all = { ...labels, ...ofRule };
  return { name, type: 'gauge', labels: all, isOpen, isRecorded: true, mayBeAbsent, canBeZero: true };
}

function isSame(one: KnownMetric, other: KnownMetric | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Prometheus writes a series for each alert that is pending or firing. */
function withAlerts(knowledge: MetricKnowledge, queries: readonly Query[]): MetricKnowledge {
  const names = queries.filter(({ kind }) => kind === 'alert').map(({ name }) => name);
  // Without any alert among the queries, the alerts are unknown.
  const alertname: LabelSchema[string] = names.length === 0 ? anyValue : [...new Set(names)];
  const alerts = (name: string, labels: LabelSchema): [string, KnownMetric] => [
    name,
    { name, type: 'gauge', labels, isOpen: true, isRecorded: true, mayBeAbsent: true, canBeZero: false },
  ];
  const written = [
    alerts('ALERTS', { alertname, alertstate: ['pending', 'firing'] }),
    alerts('ALERTS_FOR_STATE', { alertname }),
  ];
  return { ...knowledge, metrics: new Map([...knowledge.metrics, ...written]) };
}
