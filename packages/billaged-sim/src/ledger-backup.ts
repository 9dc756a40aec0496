import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@vmobs/telemetry';
import type { BillagedConfig } from './config.ts';
import type { UsageLedger } from './ledger/ledger.ts';

/** Options of `createBackup`. */
export interface BackupOptions {
  readonly ledger: Pick<UsageLedger, 'backUp'>;
  readonly config: Pick<BillagedConfig, 'database' | 'backup'>;
  /** Called when a copy could not be made. */
  readonly onFailed: () => void;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Makes the function that copies the ledger to the file of the settings, one copy at a time, and logs how it went. */
export function createBackup({ ledger, config, onFailed, logger }: BackupOptions): () => Promise<void> {
  const given = config.backup === '' ? `${config.database}.backup` : config.backup;
  const path = given.startsWith('~/') ? join(homedir(), given.slice(2)) : given;
  let isBusy = false;
  return async () => {
    if (ledger.backUp === undefined) {
      logger.warn('the ledger is not a file of this process; copy a PostgreSQL with pg_dump');
      return;
    }
    if (isBusy) {
      logger.warn({ path }, 'the ledger is already being copied');
      return;
    }
    isBusy = true;
    try {
      await ledger.backUp(path);
      logger.info({ path, bytes: statSync(path).size }, 'the ledger was copied');
    } catch (error) {
      onFailed();
      logger.error({ err: error, path }, 'the ledger could not be copied');
    } finally {
      isBusy = false;
    }
  };
}
