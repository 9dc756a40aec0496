/*
 * `@vmobs/billaged-sim/ledger`: the two ledgers, for programs that read or write one without the service.
 */

export { openPostgresLedger } from './postgres/postgres-ledger.ts';
export { openSqliteLedger } from './sqlite/sqlite-ledger.ts';
