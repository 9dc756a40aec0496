import { type AnyDefinition, anyValue, type ObservedDefinition } from '../definitions/definition.ts';

/** A metric that may reach its limit of series. */
interface LimitedMetric {
  readonly definition: AnyDefinition;
  readonly readOverflowed: () => number;
}

/** Name of the metric that counts recordings in overflow series. */
export const overflowMetric = 'telemetry_metric_overflow_total';

/**
 * Defines the metric that tells which metrics are at their limit. It is 0 for every metric with a label of any value, so that an
 * alert sees the first recording that overflows.
 */
export function overflowOf(
  metrics: ReadonlyMap<string, LimitedMetric>,
): ObservedDefinition<{ readonly metric: typeof anyValue }> {
  return {
    type: 'counter',
    name: overflowMetric,
    help: 'Recordings in overflow series, because their metric had reached its limit of series.',
    labels: { metric: anyValue },
    read: () =>
      Array.from(metrics.values(), ({ definition, readOverflowed }) => ({ definition, overflowed: readOverflowed() }))
        .filter(({ definition, overflowed }) => overflowed > 0 || isOpen(definition))
        .map(({ definition, overflowed }) => [{ metric: definition.name }, overflowed] as const),
  };
}

/** Whether a metric is an instrument with a label of any value, which may reach its limit. */
export function isOpen({ labels = {}, read }: AnyDefinition): boolean {
  return read === undefined && Object.values(labels).includes(anyValue);
}
