import { readFile } from 'node:fs/promises';
import { defaultFile, inMemory, LedgerOpenError, type UsageLedger } from './ledger.ts';
import { openSqliteLedger } from './sqlite/sqlite-ledger.ts';

/** Options of `openLedger`. */
export interface LedgerOptions {
  /** File of SQLite, for one billaged; `:memory:` keeps nothing. */
  readonly database: string;
  /** URL of a PostgreSQL, for many; empty for none. */
  readonly databaseUrl: string;
  /** File that holds that URL, as secrets are mounted; empty for none. */
  readonly databaseUrlFile: string;
  /** Maximum number of connections to PostgreSQL. */
  readonly databasePool: number;
  /** Called after each commit with the seconds that it waited for the disk. */
  readonly onCommit?: (seconds: number) => void;
  /** Called with the error when rollups of ended hours could not be made; they are retried. */
  readonly onCompactionFailed?: (error: unknown) => void;
  /** Called with the error when the log of the file could not be copied into it; that is retried. */
  readonly onCheckpointFailed?: (error: unknown) => void;
  /** Called with what a person should know of the file, though it can be used. */
  readonly onFinding?: (finding: string) => void;
}

/**
 * Opens the ledger that the settings name: PostgreSQL if there is a URL, otherwise a file.
 *
 * @throws LedgerOpenError when they name several, or when it cannot be opened.
 */
export async function openLedger(options: LedgerOptions): Promise<UsageLedger> {
  const { database, databaseUrl, databaseUrlFile, databasePool, onCommit, onCompactionFailed } = options;
  const told = { ...(onCommit && { onCommit }), ...(onCompactionFailed && { onCompactionFailed }) };
  if (databaseUrl === '' && databaseUrlFile === '') return openSqliteLedger({ ...options, path: database });
  if (databaseUrl !== '' && databaseUrlFile !== '') {
    throw new LedgerOpenError(
      'BILLAGED_DATABASE_URL and BILLAGED_DATABASE_URL_FILE are both set; there is one ledger, unset one of them',
    );
  }
  if (![defaultFile, inMemory].includes(database)) {
    throw new LedgerOpenError(
      `BILLAGED_DATABASE names the file ${database}, but a PostgreSQL URL is set, too; there is one ledger, unset one of them`,
    );
  }
  const url = databaseUrl === '' ? await readUrl(databaseUrlFile) : databaseUrl;
  // Imported on demand: a ledger in a file starts faster without it.
  const { openPostgresLedger } = await import('./postgres/postgres-ledger.ts');
  return await openPostgresLedger({ url, poolSize: databasePool, ...told });
}

async function readUrl(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    throw new LedgerOpenError(
      `the file ${path} in BILLAGED_DATABASE_URL_FILE cannot be read: ${String(cause)}; it must hold the URL of the database`,
      { cause },
    );
  }
}
