import type { Logger } from '@vmobs/telemetry';
import type { Fleet } from '../fleet/fleet.ts';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { describeBatch, type Losses } from './losses.ts';
import { type Batch, type GapNotice, headerOf, type Notice, nanoseconds } from './messages.ts';
import type { Notices } from './notices.ts';
import type { Sender } from './sender.ts';
import type { SpoolEntry } from './spool/entry.ts';
import type { Spool } from './spool/spool.ts';
import { SpoolRefusedError } from './spool/spool-error.ts';

/** The stage after the batcher: stores batches and notices in the spool, then queues them for delivery. */
export interface Outbox {
  /** Stores and queues a batch. A batch that the spool refuses is lost, and a gap is reported with the next one. */
  add(batch: Batch): void;
  /** Stores and queues a notice with the active trace. Before a stop goes the gap of that VM, if it has one. */
  notify(notice: Notice): void;
  /** Stores and queues the notices of all open gaps. @param resumeTime Unix nanoseconds @returns those without room */
  closeGaps(resumeTime: bigint): GapNotice[];
}

/** Gets the times without samples. */
export interface GapReport {
  /** No VM was sampled between two times, Unix milliseconds. */
  notSampled(fromMs: number, untilMs: number): void;
}

/** What an outbox works with. */
export interface OutboxOptions {
  readonly spool: Spool;
  readonly notices: Notices;
  /** The next stage. */
  readonly sender: Sender;
  readonly losses: Losses;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
}

/** Makes an outbox. */
export function createOutbox({ spool, notices, sender, losses, metrics, logger }: OutboxOptions): Outbox {
  function queue(entry: SpoolEntry | undefined): void {
    if (entry !== undefined) sender.add(entry);
  }

  function notify(notice: Notice): void {
    if (notice.kind === 'stopped') {
      queue(notices.closeGap(notice.vmId, notice.stopTime));
      notices.forgetGap(notice.vmId);
    }
    queue(notice.kind === 'gap' ? notices.storeGap(notice) : notices.store(notice));
  }

  return {
    add(batch) {
      const header = headerOf(batch);
      metrics.billingBatchSize.observe(batch.sampleCount);
      try {
        // Without a trace: it is sent in a trace of its own.
        sender.add(spool.append(header, {}, batch.bytes));
      } catch (error) {
        if (!(error instanceof SpoolRefusedError)) throw error;
        losses.lose(header, error.refusal, error);
        notices.openGap(header);
        return;
      }
      logger.debug(describeBatch(header), 'billing batch stored');
      // After the batch that ends it: a spool without room for batches must not fill up with notices of gaps.
      queue(notices.closeGap(batch.vmId, batch.firstTimestamp));
    },
    notify,
    closeGaps(resumeTime) {
      for (const { vmId } of notices.gaps(resumeTime)) queue(notices.closeGap(vmId, resumeTime));
      return notices.gaps(resumeTime);
    },
  };
}

/** Makes a report that sends a notice of each gap for every VM that runs. */
export function createGapReport(fleet: Pick<Fleet<unknown>, 'running'>, outbox: Pick<Outbox, 'notify'>): GapReport {
  return {
    notSampled(fromMs, untilMs) {
      for (const { id } of fleet.running()) {
        outbox.notify({ kind: 'gap', vmId: id, lastSent: nanoseconds(fromMs), resumeTime: nanoseconds(untilMs) });
      }
    },
  };
}
