import { messageOf } from '@vmobs/settings';
import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { createLogThrottle } from './log-throttle.ts';
import type { DiskSpoolOptions } from './spool/disk-spool.ts';

/** Shortest time between two lines: with a full disk every batch fails. */
const lineEveryMs = 10_000;

/** Makes a function that counts and logs the failures of a spool. */
export function createSpoolFailureReport(metrics: MetaldMetrics, logger: Logger): DiskSpoolOptions['onFailure'] {
  const throttle = createLogThrottle(lineEveryMs);
  return (operation, error) => {
    metrics.billingSpoolFailures.inc({ operation });
    metrics.errors.inc({ component: 'billing' });
    const line = throttle.next();
    if (line === undefined) return;
    const reason = messageOf(error);
    logger.error({ operation, error: reason, lines_left_out: line.leftOut }, 'spool I/O failed');
  };
}
