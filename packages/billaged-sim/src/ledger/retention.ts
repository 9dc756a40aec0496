import type { kinds, Logger } from '@vmobs/telemetry';
import type { UsageLedger } from './ledger.ts';

const hourMs = 3_600_000;

/** A time in whole hours or days as a number of hours; 0 for ever. */
export const retentionKind: kinds.SettingKind<number> = {
  allowed: 'whole hours or days such as 48h or 90d, or 0 for ever',
  format: (hours) => (hours % 24 === 0 && hours > 0 ? `${hours / 24}d` : hours === 0 ? '0' : `${hours}h`),
  parse(value) {
    const [, amount, unit] = /^(\d{1,6})([hd])$/.exec(value) ?? [];
    if (value === '0') return 0;
    return amount === undefined || Number(amount) === 0 ? undefined : Number(amount) * (unit === 'd' ? 24 : 1);
  },
};

/** Options of `startRetention`. */
export interface RetentionOptions {
  readonly ledger: Pick<UsageLedger, 'closeBefore'>;
  readonly logger: Pick<Logger, 'error'>;
  /** Told of each failure; it is tried again. */
  readonly onFailed: () => void;
  /** Hours that runs are kept one by one; 0 for ever. */
  readonly hours: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Closes old periods of a ledger until it is closed itself. */
export interface Retention {
  /** Stops; a compaction that is under way ends with the ledger and goes on with the next one. */
  close(): void;
}

/** Closes what is older than the retention, now and every ten minutes. */
export function startRetention({ ledger, logger, onFailed, hours, now }: RetentionOptions): Retention {
  if (hours === 0) return { close: () => undefined };
  let isBusy = false;
  let isClosed = false;
  async function closeOld(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    try {
      await ledger.closeBefore((now() - hours * hourMs) / 1_000);
    } catch (error) {
      if (isClosed) return;
      onFailed();
      logger.error({ err: error }, 'old periods could not be compacted; that is tried again');
    } finally {
      isBusy = false;
    }
  }
  const timer = setInterval(closeOld, hourMs / 6);
  void closeOld();
  return {
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}
