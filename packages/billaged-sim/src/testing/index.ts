/*
 * `@vmobs/billaged-sim/testing`: what tests and benches of this repository need of billaged's internals.
 */

export { type PostgresServer, startPostgresServer } from '../ledger/postgres/testing/postgres-server.ts';
export { createBatchDecoder } from '../rpc/batch-decoder/batch-decoder.ts';
export { keepHeapSmall } from '../small-heap.ts';
