import { type AnyDefinition, anyValue, type ObservedDefinition } from './definition.ts';

/** A metric that may have more label sets than series. */
interface LimitedMetric {
  readonly definition: AnyDefinition;
  readonly readOverflowed: () => number;
}

/** The metric that counts what went to overflow series. */
export const overflowMetric = 'telemetry_metric_overflow_total';

/**
 * The metric that tells which of some metrics are at their limit. It is at 0 for every one that has a label of any value,
 * so that an alert can see the first recording that overflows.
 */
export function overflowOf(
  metrics: ReadonlyMap<string, LimitedMetric>,
): ObservedDefinition<{ readonly metric: typeof anyValue }> {
  return {
    type: 'counter',
    name: overflowMetric,
    help: 'Recordings whose label set was beyond the limit of series of their metric, so that its overflow series took them.',
    labels: { metric: anyValue },
    read: () =>
      Array.from(metrics.values(), ({ definition, readOverflowed }) => ({ definition, overflowed: readOverflowed() }))
        .filter(({ definition, overflowed }) => overflowed > 0 || isOpen(definition))
        .map(({ definition, overflowed }) => [{ metric: definition.name }, overflowed] as const),
  };
}

/** Whether a metric is an instrument with a label of any value, so that it may come to its limit. */
export function isOpen({ labels = {}, read }: AnyDefinition): boolean {
  return read === undefined && Object.values(labels).includes(anyValue);
}
