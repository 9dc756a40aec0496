import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { Logger } from '../logs/logger.ts';

/** Tells the log whether the collector takes spans: one line when it stops, one when it is back. */
export interface CollectorReport {
  /** It has taken an export. */
  took(): void;
  /** An export has failed, after its retries. */
  failed(spans: number, reason: string): void;
  /** It has taken an export without some of its spans; only the first time is told. */
  rejected(spans: number, reason: string): void;
}

/** Makes the report of one collector. */
export function createCollectorReport(logger: Pick<Logger, 'warn' | 'info'>, tracesUrl: string): CollectorReport {
  const { origin, pathname } = new URL(tracesUrl);
  // Without the credentials that an address may have.
  const collector = origin + pathname;
  let lost: number | undefined;
  let hasRejected = false;
  // An export runs in the context of whichever span had filled the queue; its line belongs to no trace.
  const tell = (write: () => void) => context.with(ROOT_CONTEXT, write);

  return {
    took() {
      if (lost === undefined) return;
      const fields = { collector, lost_spans: lost };
      lost = undefined;
      tell(() => logger.info(fields, 'the collector takes spans again'));
    },
    failed(spans, reason) {
      const isFirst = lost === undefined;
      lost = (lost ?? 0) + spans;
      const fields = { collector, reason, lost_spans: spans };
      if (isFirst) tell(() => logger.warn(fields, 'the collector does not take spans; until it does they are lost'));
    },
    rejected(spans, reason) {
      if (hasRejected) return;
      hasRejected = true;
      const fields = { collector, reason, lost_spans: spans };
      tell(() => logger.warn(fields, 'the collector rejects some spans; later ones are only counted'));
    },
  };
}
