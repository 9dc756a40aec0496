import { LedgerUnavailableError } from '../ledger-error.ts';

/** SQLSTATE of a server's error, or the code of the system's; `undefined` for an error of another kind. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * Whether the same transaction may succeed when it is done again at once: 40001 is what CockroachDB and YugabyteDB say
 * when transactions met, 40P01 a deadlock, 23505 a row that another one has just inserted, 42710 and 42P07 a table that another
 * one has just made: `IF NOT EXISTS` does not see it before it is committed.
 */
export function isWorthRepeating(error: unknown): boolean {
  return ['40001', '40P01', '23505', '42710', '42P07'].includes(codeOf(error) ?? '');
}

/** Whether the server refused a value, so that the same work fails again wherever it is done. */
export function isRefusedValue(error: unknown): boolean {
  return codeOf(error)?.startsWith('22') === true;
}

/** What a caller is told of an error of the database or of the way to it; what is a mistake of ours is passed on. */
export function toLedgerError(error: unknown): unknown {
  if (error instanceof LedgerUnavailableError || isRefusedValue(error)) return error;
  // The client says by plain errors without a code that a connection was lost or could not be had in time.
  const isOfDatabase = error instanceof Error && (error.constructor === Error || codeOf(error) !== undefined);
  if (!isOfDatabase && !(error instanceof AggregateError)) return error;
  return new LedgerUnavailableError(`the ledger cannot be used now: ${describe(error)}`, { cause: error });
}

/** The message of an error; one that stands for several addresses of a host has none of its own. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message : String(error);
}
