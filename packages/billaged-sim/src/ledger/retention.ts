import type { kinds } from '@vmobs/settings';
import type { Logger } from '@vmobs/telemetry';
import type { UsageLedger } from './ledger.ts';

const hourMs = 3_600_000;

/** A duration in whole hours or days, as a number of hours; 0 is forever. */
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
  readonly ledger: Pick<UsageLedger, 'sealBefore'>;
  readonly logger: Pick<Logger, 'error'>;
  /** Called on each failure; sealing is retried. */
  readonly onFailed: () => void;
  /** Hours for which segments are kept; 0 is forever. */
  readonly hours: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Seals old hours of a ledger until it is closed. */
export interface Retention {
  /** Stops. A running compaction ends when the ledger is closed, and continues after the next start. */
  close(): void;
}

/** Seals the hours older than the retention, now and every ten minutes. */
export function startRetention({ ledger, logger, onFailed, hours, now }: RetentionOptions): Retention {
  if (hours === 0) return { close: () => undefined };
  let isBusy = false;
  let isClosed = false;
  async function sealOld(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    try {
      await ledger.sealBefore((now() - hours * hourMs) / 1_000);
    } catch (error) {
      if (isClosed) return;
      onFailed();
      logger.error({ err: error }, 'old hours could not be sealed; sealing will be retried');
    } finally {
      isBusy = false;
    }
  }
  const timer = setInterval(sealOld, hourMs / 6);
  void sealOld();
  return {
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}
