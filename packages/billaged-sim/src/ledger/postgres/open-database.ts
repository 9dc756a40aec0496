import { codeOf } from '@vmobs/settings';
import { LedgerOpenError } from '../ledger.ts';
import { createDatabase, type Database, type DatabaseOptions, describe } from './database.ts';
import { migrate } from './schema.ts';

const setting = 'BILLAGED_DATABASE_URL';

/**
 * Connects to the database of a ledger and migrates its tables to this version.
 *
 * @throws LedgerOpenError when it cannot be reached, rejects the login, does not exist, or is newer.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const place = placeOf(options.url);
  let database: Database | undefined;
  try {
    database = createDatabase(options);
    await migrate(database);
    return database;
  } catch (error) {
    await database?.close();
    throw new LedgerOpenError(`the ledger ${place} cannot be opened: ${explain(error)}`, { cause: error });
  }
}

/** The address of the database, without the password. */
function placeOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new LedgerOpenError(
      `${setting} is not a PostgreSQL URL; set postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with the password percent-encoded (%40 for @)`,
    );
  }
  return `${parsed.protocol}//${parsed.username && `${parsed.username}@`}${parsed.host}${parsed.pathname}`;
}

/** Says how to fix it. */
function explain(error: unknown): string {
  if (error instanceof LedgerOpenError) {
    return `${error.message}; start the newer billaged, or choose another database with ${setting}`;
  }
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const message = describe(cause);
  const code = codeOf(cause);
  if (code === '28P01' || code === '28000') return `${message}; set a valid user and password in ${setting}`;
  if (code === '3D000') return `${message}; create it with CREATE DATABASE, or name another one in ${setting}`;
  if (code === '42501') return `${message}; the user in ${setting} must be allowed to create tables`;
  if (code?.startsWith('42')) {
    return `${message}; it has tables of another program, give the ledger a database of its own`;
  }
  return `${message}; check that PostgreSQL is running there, or choose another one with ${setting}`;
}
