import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { nanoseconds } from './messages.ts';
import type { Outbox } from './outbox.ts';
import type { Sender } from './sender.ts';
import type { Spool } from './spool/spool.ts';

/** What a spool is resumed with. */
export interface ResumeOptions {
  readonly spool: Spool;
  readonly sender: Sender;
  readonly outbox: Outbox;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/**
 * Queues what an earlier process has left in the spool, and reports the stop of its VMs, which ended with it. After a
 * crash a gap goes before the stop: samples in open batches are lost; so do gaps whose notices that process could not store.
 */
export function resumeSpool({ spool, sender, outbox, metrics, logger, now }: ResumeOptions): void {
  const { entries, liveVms, gaps, endedInOrder, corruptions, tornBytes } = spool.recovery;
  if (entries.length + liveVms.length + gaps.length + corruptions + tornBytes > 0) {
    const { batches, samples } = spool.depth;
    logger.info(
      { batches, samples, vms: liveVms.length, ended_in_order: endedInOrder, torn_bytes: tornBytes, corruptions },
      'billing resumes from the spool',
    );
  }
  if (corruptions > 0) {
    metrics.errors.inc({ component: 'billing' });
    // Which VMs they belong to is in what cannot be read.
    logger.error(
      { operation: 'recover_spool', corruptions, error: 'records do not have their checksums' },
      'the spool is corrupt: batches are lost',
    );
  }
  for (const entry of entries) sender.add(entry);
  for (const gap of gaps) outbox.notify(gap);
  for (const { vmId, lastTimestamp } of liveVms) {
    if (!endedInOrder) outbox.notify({ kind: 'gap', vmId, lastSent: lastTimestamp, resumeTime: nanoseconds(now()) });
    outbox.notify({ kind: 'stopped', vmId, stopTime: lastTimestamp });
  }
}
