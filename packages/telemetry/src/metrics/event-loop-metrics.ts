import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Catalogue } from './catalogue.ts';

type DelayHistogram = ReturnType<typeof monitorEventLoopDelay>;

/** Options of `defineEventLoopMetrics`. */
export interface EventLoopOptions {
  /**
   * Milliseconds between two timer samples. Shorter stalls are measured in part, or not at all. Each sample wakes an idle
   * process: at 20 ms this takes 0.4 % of a core, at 10 ms 0.7 %, at 50 ms 0.2 %; a busy process is awake anyway.
   *
   * @default 20
   */
  readonly resolutionMs?: number;
  /**
   * Milliseconds that a reading covers at least; at most twice as many if it is read this often. Use at least the interval of
   * the slowest scraper, so that each scraper sees every stall.
   *
   * @default 15_000
   */
  readonly windowMs?: number;
  /** Milliseconds on a clock that only grows. @default performance.now */
  readonly now?: () => number;
}

/**
 * Defines the lag and the utilization of the event loop.
 *
 * Lag is the delay of a timer of the event loop: how long a request waits before any work is done for it. prom-client reports
 * the whole interval of that timer, which is never below its resolution; here the resolution is subtracted. Its `_mean_` would
 * repeat the first metric, its `_min_` would then always be 0, and its `_stddev_` takes as long to compute as the rest of a
 * scrape.
 *
 * @returns the monitor, to be closed
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
  define('nodejs_eventloop_lag_max_seconds', 'the maximum', ({ max }) => max);
  define('nodejs_eventloop_lag_p50_seconds', 'the median', (histogram) => histogram.percentile(50));
  define('nodejs_eventloop_lag_p90_seconds', 'the 90th percentile', (histogram) => histogram.percentile(90));
  define('nodejs_eventloop_lag_p99_seconds', 'the 99th percentile', (histogram) => histogram.percentile(99));
  catalogue.observed({
    type: 'counter',
    name: 'nodejs_eventloop_time_seconds_total',
    help: 'Time that the event loop spent working (active) and waiting (idle), in seconds; the rate of active is its utilization.',
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

/** Delays since a time. */
interface DelayWindow {
  readonly histogram: DelayHistogram;
  begin: number;
}

/**
 * Keeps two overlapping windows of delays and reads the older one. Once the newer window is long enough, it is read instead and
 * the older one restarts. So a reader never discards what another has not seen yet.
 */
function watchDelays({ resolutionMs, windowMs, now }: Required<EventLoopOptions>) {
  const open = (): DelayWindow => {
    const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    histogram.enable();
    return { histogram, begin: now() };
  };
  // Their timers fire in the same turn of the loop, so two cost hardly more than one.
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
