import type { Notice } from './notice.ts';
import type { BatchHeader } from './spool/entry.ts';

/** Remembers which VMs have lost samples that billaged does not know of yet. */
export interface Gaps {
  /** A batch of the VM was lost before it could be stored. */
  open(lost: BatchHeader): void;
  /** The notice that is due when a batch of the VM is stored again, or the VM stops. @param resumeTime Unix nanoseconds */
  close(vmId: string, resumeTime: bigint): Notice | undefined;
}

/** Makes an account without gaps. */
export function createGaps(): Gaps {
  const since = new Map<string, bigint>();
  return {
    open({ vmId, firstTimestamp }) {
      if (!since.has(vmId)) since.set(vmId, firstTimestamp);
    },
    close(vmId, resumeTime) {
      const lastSent = since.get(vmId);
      since.delete(vmId);
      return lastSent === undefined ? undefined : { kind: 'gap', vmId, lastSent, resumeTime };
    },
  };
}
