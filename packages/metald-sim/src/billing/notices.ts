import { context, propagation } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import type { BatchHeader, Notice } from './messages.ts';
import type { SpoolEntry } from './spool/entry.ts';
import type { Spool } from './spool/spool.ts';
import { SpoolRefusedError } from './spool/spool-error.ts';

/** Stores notices in the spool, and remembers the gaps that billaged has not been told of. */
export interface Notices {
  /** Stores a notice with the active trace. @returns its entry; undefined when the spool has no room, which is logged */
  store(notice: Notice): SpoolEntry | undefined;
  /** Opens a gap: a batch of the VM was lost before it could be stored. */
  openGap(lost: BatchHeader): void;
  /** Closes the gap of a VM and stores its notice, if there is one. @param resumeTime Unix nanoseconds */
  closeGap(vmId: string, resumeTime: bigint): SpoolEntry | undefined;
}

/** What notices are stored with. */
export interface NoticesOptions {
  readonly spool: Spool;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
}

/** Makes a store of notices without open gaps. */
export function createNotices({ spool, metrics, logger }: NoticesOptions): Notices {
  /** When the open gap of a VM began, Unix nanoseconds. */
  const gapStarts = new Map<string, bigint>();

  function store(notice: Notice): SpoolEntry | undefined {
    const trace: Record<string, string> = {};
    propagation.inject(context.active(), trace);
    try {
      return spool.append(notice, trace);
    } catch (error) {
      if (!(error instanceof SpoolRefusedError)) throw error;
      metrics.errors.inc({ component: 'billing' });
      const { kind, vmId } = notice;
      logger.error(
        { operation: 'store_notice', vm_id: vmId, notice: kind, reason: error.refusal, error: error.message },
        'billing notice dropped',
      );
      return undefined;
    }
  }

  return {
    store,
    openGap({ vmId, firstTimestamp }) {
      if (!gapStarts.has(vmId)) gapStarts.set(vmId, firstTimestamp);
    },
    closeGap(vmId, resumeTime) {
      const lastSent = gapStarts.get(vmId);
      gapStarts.delete(vmId);
      return lastSent === undefined ? undefined : store({ kind: 'gap', vmId, lastSent, resumeTime });
    },
  };
}
