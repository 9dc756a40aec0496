/** Windows over which the share of errors is recorded, shortest first. */
export const ratioWindows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d', '30d'] as const;

/** One of the windows over which the share of errors is recorded. */
export type RatioWindow = (typeof ratioWindows)[number];

/** A pair of windows in which the budget burns too fast. */
interface BurnRate {
  /** How many times faster than evenly over 30 days. */
  readonly factor: number;
  /** The window that says that it matters. */
  readonly long: RatioWindow;
  /** A twelfth of it; it shows that the problem still lasts, so that the alert ends soon after the cause. */
  readonly short: RatioWindow;
}

/**
 * Bad events in the long window below which no burn-rate alert fires. With little traffic a share says nothing: of one RPC in
 * an hour, one that fails is 100 %, and a single retry of 300 attempts is more than 14.4 times a budget of 0.01 %.
 */
export const defaultLeastErrors = 10;

/** Interval of the evaluations of the rules of an objective, in seconds. */
export const evaluationSeconds = 30;

/** The burn rates that one alert stands for. */
export interface BurnAlert {
  /** What its name ends with. */
  readonly suffix: string;
  readonly severity: 'critical' | 'warning';
  /** What its summary says of the budget. */
  readonly meaning: string;
  readonly rates: readonly BurnRate[];
}

/**
 * The multi-window multi-burn-rate alerts of the SRE workbook, chapter "Alerting on SLOs", and the pair of 1d and 2h that
 * practice has added to it. When it fires, a page has spent 2 percent (1h) or 5 percent (6h) of the budget of 30 days, a
 * ticket 10 percent.
 */
export const burnAlerts: readonly BurnAlert[] = [
  {
    suffix: 'BurnRatePage',
    severity: 'critical',
    meaning: 'the error budget of 30 days would be spent in 5 days or less',
    rates: [
      { factor: 14.4, long: '1h', short: '5m' },
      { factor: 6, long: '6h', short: '30m' },
    ],
  },
  {
    suffix: 'BurnRateTicket',
    severity: 'warning',
    meaning: 'the error budget would be spent before its 30 days are over',
    rates: [
      { factor: 3, long: '1d', short: '2h' },
      { factor: 1, long: '3d', short: '6h' },
    ],
  },
];
