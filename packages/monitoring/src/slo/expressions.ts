import { type BurnAlert, defaultLeastErrors, evaluationSeconds, type RatioWindow } from './burn-rates.ts';
import { errorBudgetOf, type Sli, type Slo } from './slo.ts';

/** Windows that are read off the counters; longer ones are read off what is recorded over five minutes. */
const countedWindows: readonly RatioWindow[] = ['5m', '30m', '1h'];

/** All events of a second, over five minutes; 0 without any. */
export function eventRate({ total }: Sli): string {
  return `sum(rate(${total}[5m])) or vector(0)`;
}

/**
 * Bad events of a second, over five minutes; 0 without any. As total minus good it can fall below 0 for a moment: an
 * event that is received in one scrape and processed in the next is bad in one and good twice in the other. It is left
 * so, for over longer windows the two cancel out.
 */
export function errorRate({ total, counted }: Sli): string {
  const rateOf = (selector: string) => `sum(rate(${selector}[5m])) or vector(0)`;
  return counted.as === 'errors' ? rateOf(counted.selector) : `(${rateOf(total)})\n-\n(${rateOf(counted.selector)})`;
}

/**
 * Share of the events that were bad over a window: 0 to 1, and 0 when there were none at all.
 *
 * Up to an hour it is read off the counters: these windows wake people, and counters know of an outage at once. From two
 * hours on it is the sum of the recorded error rates over the sum of the recorded event rates. That is as exact but for
 * the five minutes at each end, weighs each event alike (a mean of recorded ratios would weigh a quiet night like a busy
 * day), and reads two series an indicator however many counters there are: `metald_api_requests_total` alone has 153
 * an instance, 13 million samples in 30 days, too many for each evaluation. The price: time in which Prometheus did not
 * run is not seen, and neither is what a counter did before these rules were there.
 */
export function errorRatio(sli: Sli, window: RatioWindow): string {
  const share = countedWindows.includes(window) ? countedShare(sli, window) : recordedShare(sli, window);
  // `> 0` leaves nothing to divide by when there were no events; that is where `or vector(0)` comes in.
  return `clamp(\n${indent(share)},\n  0, 1\n)\nor\nvector(0)`;
}

function countedShare({ total, counted }: Sli, window: RatioWindow): string {
  const all = `(sum(rate(${total}[${window}])) > 0)`;
  const some = `sum(rate(${counted.selector}[${window}]))`;
  // No series of good events is no good event; no series of errors is no error, which the caller makes a 0.
  return counted.as === 'errors' ? `${some}\n/\n${all}` : `1 - (\n  (${some} or vector(0))\n  /\n  ${all}\n)`;
}

function recordedShare({ name }: Sli, window: RatioWindow): string {
  // sum() takes off the labels, without which `or vector(0)` would be a second series.
  const over = (series: string) => `sum(sum_over_time(${series}{sli="${name}"}[${window}]))`;
  return `${over('slo:sli_errors:rate5m')}\n/\n(${over('slo:sli_events:rate5m')} > 0)`;
}

/**
 * The indicator under the name that the guide gives it, over five minutes. A share of good events is 1 without events.
 * One of latency is the quantile of its objective, in seconds; without events there is no such time, and no series.
 */
export function indicator({ sli, objective }: Slo): string {
  if (sli.buckets === undefined) return `1 - ${ratioSelector(sli, '5m')}`;
  const quantile = Number((objective / 100).toPrecision(12));
  return `histogram_quantile(\n  ${quantile},\n  sum by (le) (rate(${sli.buckets}[5m]))\n)\n>= 0`;
}

/**
 * What is left of the budget of 30 days: 1 is all, 0 nothing, below 0 more was spent than there was. An objective of 100
 * percent has no budget to divide by: 1 without an error, 0 with any.
 */
export function budgetRemaining({ sli, ...slo }: Slo): string {
  const ratio = ratioSelector(sli, '30d');
  const budget = errorBudgetOf(slo);
  return budget === 0 ? `1 - (${ratio} > bool 0)` : `1 - ${ratio} / ${budget}`;
}

/**
 * Number of bad events over a window, read off as `errorRatio` reads the share. Each recorded rate stands for the time until
 * the next evaluation.
 */
function errorCount({ name, total, counted }: Sli, window: RatioWindow): string {
  if (!countedWindows.includes(window))
    return `${evaluationSeconds} * sum(sum_over_time(slo:sli_errors:rate5m{sli="${name}"}[${window}]))`;
  const increaseOf = (selector: string) => `sum(increase(${selector}[${window}]))`;
  return counted.as === 'errors'
    ? increaseOf(counted.selector)
    : `${increaseOf(total)} - (${increaseOf(counted.selector)} or vector(0))`;
}

/**
 * Condition of a burn-rate alert, or undefined when it could never be true. At 100 percent any error is too fast; below
 * 93.1 percent no share of errors is 14.4 times the budget, and that pair of windows is left out. Below a least number of bad
 * events in the long window there is no alert, so that a single failure at night is none.
 */
export function burnCondition({ sli, ...slo }: Slo, { rates }: BurnAlert): string | undefined {
  const budget = errorBudgetOf(slo);
  const { leastErrors = defaultLeastErrors } = slo;
  const pairs = rates
    .filter(({ factor }) => factor * budget < 1)
    .map(({ factor, long, short }) => {
      const shares = [long, short].map((window) => `${ratioSelector(sli, window)} > ${factor} * ${budget}`);
      const enough = `and on ()\n(${errorCount(sli, long)}) >= ${leastErrors}`;
      return `${shares.join('\nand\n')}${budget === 0 ? '' : `\n${enough}`}`;
    });
  return pairs.length === 0 ? undefined : pairs.map((pair) => `(\n${indent(pair)}\n)`).join('\nor\n');
}

/** Selector of the recorded share of errors. */
export function ratioSelector({ name }: Sli, window: RatioWindow): string {
  return `slo:sli_errors:ratio_rate${window}{sli="${name}"}`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
