/** An indicator: the share of events that are good. */
export interface Sli {
  /** A Prometheus metric name; the indicator itself is recorded under it. */
  readonly name: string;
  /** The good events, in words. */
  readonly description: string;
  /** Selector of the counter of all events. */
  readonly total: string;
  /** Selector of the counter of the good events or of the bad ones. */
  readonly counted: { readonly as: 'good' | 'errors'; readonly selector: string };
  /** Selector of all buckets of the histogram, if the good events are those of one bucket. */
  readonly buckets?: string;
}

/** An objective: the promised value of an indicator over 30 days, the only window. */
export interface Slo {
  readonly name: string;
  readonly sli: Sli;
  /** Percent of the events that must be good: above 0, up to 100. */
  readonly objective: number;
  /** Upper edge of the bucket of the good events, in seconds, for an indicator of latency. */
  readonly thresholdSeconds?: number;
  /**
   * Bad events in the long window of an alert below which it does not fire. Has no effect at an objective of 100 percent,
   * where one is too many. @default 10
   */
  readonly leastErrors?: number;
  readonly team: string;
}

/**
 * Share of the events that may be bad: 0.001 for an objective of 99.9 percent. Rounded to twelve digits, because
 * 1 - 0.999 is not exactly 0.001 in binary, and an alert would show that.
 */
export function errorBudgetOf({ objective }: Pick<Slo, 'objective'>): number {
  return Number(((100 - objective) / 100).toPrecision(12));
}

/**
 * The prefix of the alert names of an objective: its words in Pascal case. `metald API Availability` becomes
 * `MetaldApiAvailability`.
 */
export function alertPrefixOf(sloName: string): string {
  return sloName
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase())
    .join('');
}
