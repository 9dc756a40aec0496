import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics.ts';
import { createLogThrottle } from './log-throttle.ts';
import type { DiskSpoolOptions } from './spool/disk-spool.ts';

/** A full disk fails with every batch; a line in so many milliseconds says it. */
const lineEveryMs = 10_000;

/** Makes what counts and logs the failures of a spool. */
export function createSpoolFailureReport(metrics: MetaldMetrics, logger: Logger): DiskSpoolOptions['onFailure'] {
  const throttle = createLogThrottle(lineEveryMs);
  return (operation, error) => {
    metrics.billingSpoolFailures.inc({ operation });
    metrics.errors.inc({ component: 'billing' });
    const line = throttle.next();
    if (line === undefined) return;
    const reason = error instanceof Error ? error.message : String(error);
    logger.error({ operation, error: reason, lines_left_out: line.leftOut }, 'the spool cannot use its folder');
  };
}
