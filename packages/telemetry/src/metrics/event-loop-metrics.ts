import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Catalogue } from './catalogue.ts';

type DelayHistogram = ReturnType<typeof monitorEventLoopDelay>;

/** How the event loop is watched. */
export interface EventLoopOptions {
  /**
   * Milliseconds between two looks at the clock. A stall that is shorter is seen in part, or not at all. Each look wakes
   * an idle process: at 20 ms that takes 0.4 % of a core, at 10 ms 0.7 %, at 50 ms 0.2 %; a busy one is awake anyway.
   *
   * @default 20
   */
  readonly resolutionMs?: number;
  /**
   * Milliseconds that a reading covers at least, and twice as many at most if it is read as often: no less than the
   * interval of the slowest of several scrapers, so that each sees every stall.
   *
   * @default 15_000
   */
  readonly windowMs?: number;
  /** Milliseconds on a clock that only grows. @default performance.now */
  readonly now?: () => number;
}

/**
 * Defines how late the event loop is and how much of its time it works.
 *
 * Lag is how much later than asked for a timer of the event loop fires: what a request waits before anything is done for
 * it. prom-client shows the whole interval of that timer, which never falls below its resolution; here the resolution is
 * taken off. Its `_mean_` would repeat the first metric, its `_min_` is then always 0, and its `_stddev_` takes as long to
 * compute as all the rest of a scrape.
 *
 * @returns what watches, to be closed
 */
export function defineEventLoopMetrics(
  catalogue: Catalogue,
  { resolutionMs = 20, windowMs = 15_000, now = () => performance.now() }: EventLoopOptions = {},
): { close(): void } {
  const delays = watchDelays({ resolutionMs, windowMs, now });
  const define = (name: string, which: string, read: (histogram: DelayHistogram) => number) =>
    catalogue.observed({
      type: 'gauge',
      name,
      help: `Lag of the event loop over the last ${windowMs / 1_000} s or more: ${which}, in seconds.`,
      read: () => {
        const { histogram } = delays.current();
        if (histogram.count === 0) return 0;
        return Math.max(0, read(histogram) - resolutionMs * 1e6) / 1e9;
      },
    });
  define('nodejs_eventloop_lag_seconds', 'the mean', ({ mean }) => mean);
  define('nodejs_eventloop_lag_max_seconds', 'the longest', ({ max }) => max);
  define('nodejs_eventloop_lag_p50_seconds', 'the median', (histogram) => histogram.percentile(50));
  define('nodejs_eventloop_lag_p90_seconds', 'nine tenths are below it', (histogram) => histogram.percentile(90));
  define('nodejs_eventloop_lag_p99_seconds', '99 of 100 are below it', (histogram) => histogram.percentile(99));
  catalogue.observed({
    type: 'counter',
    name: 'nodejs_eventloop_time_seconds_total',
    help: 'Time that the event loop has spent working (active) and waiting (idle), in seconds; the rate of active is its utilization.',
    labels: { nodejs_eventloop_state: ['active', 'idle'] },
    read: () => {
      const { active, idle } = performance.eventLoopUtilization();
      return [
        [{ nodejs_eventloop_state: 'active' }, active / 1_000],
        [{ nodejs_eventloop_state: 'idle' }, idle / 1_000],
      ];
    },
  });
  return delays;
}

/** Delays since some time. */
interface DelayWindow {
  readonly histogram: DelayHistogram;
  begin: number;
}

/**
 * Two overlapping windows of delays; the older one is read. Once the newer one is long enough to be read instead, the
 * older one begins anew. So a reader never takes away what another has not seen yet.
 */
function watchDelays({ resolutionMs, windowMs, now }: Required<EventLoopOptions>) {
  const open = (): DelayWindow => {
    const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    histogram.enable();
    return { histogram, begin: now() };
  };
  // Their timers fire in the same turn of the loop, so that two cost hardly more than one.
  let older = open();
  let newer = open();
  return {
    current(): DelayWindow {
      if (now() - newer.begin < windowMs) return older;
      [older, newer] = [newer, older];
      newer.histogram.reset();
      newer.begin = now();
      return older;
    },
    close(): void {
      older.histogram.disable();
      newer.histogram.disable();
    },
  };
}
