import { readFile } from 'node:fs/promises';
import { defaultFile } from './default-file.ts';
import type { UsageLedger } from './ledger.ts';
import { LedgerOpenError } from './ledger-error.ts';
import { inMemory } from './sqlite/open-database.ts';
import { openSqliteLedger } from './sqlite/sqlite-ledger.ts';

/** Options of `openLedger`. */
export interface LedgerOptions {
  /** File of SQLite, for one billaged; `:memory:` keeps nothing. */
  readonly database: string;
  /** URL of a PostgreSQL, for many; empty for none. */
  readonly databaseUrl: string;
  /** File that holds that URL, as secrets are mounted; empty for none. */
  readonly databaseUrlFile: string;
  /** Most connections to the PostgreSQL. */
  readonly databasePool: number;
  /** Told after each commit how many seconds it waited for the disk. */
  readonly onCommit?: (seconds: number) => void;
  /** Told why totals of hours that have ended could not be made; that is tried again. */
  readonly onCompactionFailed?: (error: unknown) => void;
}

/**
 * Opens the ledger that the settings name: a PostgreSQL if there is a URL, else a file.
 *
 * @throws LedgerOpenError when they name several, or when it cannot be opened.
 */
export async function openLedger(options: LedgerOptions): Promise<UsageLedger> {
  const { database, databaseUrl, databaseUrlFile, databasePool, onCommit, onCompactionFailed } = options;
  const told = { ...(onCommit && { onCommit }), ...(onCompactionFailed && { onCompactionFailed }) };
  if (databaseUrl === '' && databaseUrlFile === '') return openSqliteLedger({ path: database, ...told });
  if (databaseUrl !== '' && databaseUrlFile !== '') {
    throw new LedgerOpenError(
      'BILLAGED_DATABASE_URL and BILLAGED_DATABASE_URL_FILE are both set; the ledger is in one place, unset one of them',
    );
  }
  if (![defaultFile, inMemory].includes(database)) {
    throw new LedgerOpenError(
      `BILLAGED_DATABASE names the file ${database}, and a database is set, too; the ledger is in one place, unset one of them`,
    );
  }
  const url = databaseUrl === '' ? await readUrl(databaseUrlFile) : databaseUrl;
  // Loaded where it is needed: a ledger in a file starts sooner without.
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
