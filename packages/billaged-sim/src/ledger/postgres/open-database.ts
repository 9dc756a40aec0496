import { LedgerOpenError } from '../ledger-error.ts';
import { createDatabase, type Database, type DatabaseOptions } from './database.ts';
import { codeOf, describe } from './database-error.ts';
import { migrate } from './schema.ts';

const setting = 'BILLAGED_DATABASE_URL';

/**
 * Connects to the database of a ledger and brings its tables to this version.
 *
 * @throws LedgerOpenError when it cannot be reached, does not let us in, is not there, or is newer.
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

/** Where the database is, without the password. */
function placeOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new LedgerOpenError(
      `${setting} is no URL of a PostgreSQL; allowed is postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for @ and the like in the password`,
    );
  }
  return `${parsed.protocol}//${parsed.username && `${parsed.username}@`}${parsed.host}${parsed.pathname}`;
}

/** Says what a user can do about it. */
function explain(error: unknown): string {
  if (error instanceof LedgerOpenError) {
    return `${error.message}; start the newer one, or choose another database with ${setting}`;
  }
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const message = describe(cause);
  const code = codeOf(cause);
  if (code === '28P01' || code === '28000') return `${message}; ${setting} must have a user and password that it knows`;
  if (code === '3D000') return `${message}; make it with CREATE DATABASE, or name another one in ${setting}`;
  if (code === '42501') return `${message}; the user in ${setting} must be allowed to make tables`;
  if (code?.startsWith('42')) {
    return `${message}; its tables are those of something else, give the ledger a database of its own`;
  }
  return `${message}; a PostgreSQL must answer there, or choose another one with ${setting}`;
}
