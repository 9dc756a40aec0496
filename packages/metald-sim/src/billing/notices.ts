import { context, propagation } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import type { BatchHeader, GapNotice, Notice } from './messages.ts';
import type { SpoolEntry } from './spool/entry.ts';
import type { Spool } from './spool/spool.ts';
import { SpoolRefusedError } from './spool/spool-error.ts';

/**
 * Stores notices in the spool, and remembers the gaps that billaged has not been told of: one for each VM. A gap without room is
 * tried again with each batch of its VM that is stored. When more samples are lost before that, the two gaps become one.
 */
export interface Notices {
  /** Stores a notice with the active trace. @returns its entry; undefined when the spool has no room, which is logged */
  store(notice: Notice): SpoolEntry | undefined;
  /** Stores the notice of a gap of a VM that runs. Without room, the gap is remembered. */
  storeGap(gap: GapNotice): SpoolEntry | undefined;
  /** Opens a gap: a batch of the VM was lost before it could be stored. */
  openGap(lost: BatchHeader): void;
  /**
   * Closes the gap of a VM and stores its notice, if there is one.
   *
   * @param resumeTime Unix nanoseconds; a gap that was closed before and had no room keeps its time
   */
  closeGap(vmId: string, resumeTime: bigint): SpoolEntry | undefined;
  /** Forgets the gap of a VM that has stopped, if it is still there: it is dropped, which is logged. */
  forgetGap(vmId: string): void;
  /** The gaps that are remembered. @param resumeTime the end of those that are open, Unix nanoseconds */
  gaps(resumeTime: bigint): GapNotice[];
}

/** What notices are stored with. */
export interface NoticesOptions {
  readonly spool: Spool;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
}

/** A gap that billaged has not been told of. Times are Unix nanoseconds. */
interface Gap {
  readonly lastSent: bigint;
  /** When samples were stored again; undefined while it is open. */
  resumeTime: bigint | undefined;
  /** Whether the log says that there was no room for its notice. */
  isLogged: boolean;
}

/** Makes a store of notices without open gaps. */
export function createNotices({ spool, metrics, logger }: NoticesOptions): Notices {
  const gaps = new Map<string, Gap>();

  function tryToStore(notice: Notice): SpoolEntry | SpoolRefusedError {
    const trace: Record<string, string> = {};
    propagation.inject(context.active(), trace);
    try {
      return spool.append(notice, trace);
    } catch (error) {
      if (error instanceof SpoolRefusedError) return error;
      throw error;
    }
  }

  function report({ kind, vmId }: Notice, { refusal: reason, message: error }: SpoolRefusedError, line: string): void {
    metrics.errors.inc({ component: 'billing' });
    logger.error({ operation: 'store_notice', vm_id: vmId, notice: kind, reason, error }, line);
  }

  function store(notice: Notice): SpoolEntry | undefined {
    const stored = tryToStore(notice);
    if (!(stored instanceof SpoolRefusedError)) return stored;
    report(notice, stored, 'billing notice dropped');
    return undefined;
  }

  /** Stores the notice of a remembered gap. One line says that there is no room, however often it is tried. */
  function tell(gap: Gap, notice: GapNotice): SpoolEntry | undefined {
    const stored = tryToStore(notice);
    if (!(stored instanceof SpoolRefusedError)) {
      gaps.delete(notice.vmId);
      return stored;
    }
    if (!gap.isLogged) report(notice, stored, 'billing notice is kept until there is room');
    gap.isLogged = true;
    return undefined;
  }

  return {
    store,
    storeGap(notice) {
      const { vmId, lastSent, resumeTime } = notice;
      const known = gaps.get(vmId);
      // The notice of a gap that is open will take in this one.
      if (known !== undefined && known.resumeTime === undefined) return undefined;
      const gap = known ?? { lastSent, resumeTime, isLogged: false };
      gap.resumeTime = resumeTime;
      gaps.set(vmId, gap);
      return tell(gap, { ...notice, lastSent: gap.lastSent });
    },
    openGap({ vmId, firstTimestamp }) {
      const known = gaps.get(vmId);
      if (known === undefined) gaps.set(vmId, { lastSent: firstTimestamp, resumeTime: undefined, isLogged: false });
      else known.resumeTime = undefined;
    },
    closeGap(vmId, resumeTime) {
      const gap = gaps.get(vmId);
      if (gap === undefined) return undefined;
      gap.resumeTime ??= resumeTime;
      return tell(gap, { kind: 'gap', vmId, lastSent: gap.lastSent, resumeTime: gap.resumeTime });
    },
    forgetGap(vmId) {
      if (!gaps.delete(vmId)) return;
      metrics.errors.inc({ component: 'billing' });
      const reason = 'the VM has stopped and there was no room';
      logger.error({ operation: 'store_notice', vm_id: vmId, notice: 'gap', reason }, 'billing notice dropped');
    },
    gaps: (resumeTime) =>
      Array.from(gaps, ([vmId, gap]) => ({
        kind: 'gap',
        vmId,
        lastSent: gap.lastSent,
        resumeTime: gap.resumeTime ?? resumeTime,
      })),
  };
}
