import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, messageOf } from '@vmobs/settings';
import pg from 'pg';
import { LedgerUnavailableError } from '../ledger.ts';

/** A row of text values, as the server sends them. */
export type Row = Readonly<Record<string, string | null>>;

/** A parameter of a statement. `arrayText` formats arrays. */
export type Parameter = string | number | bigint | null;

/** A statement. One with a name is prepared once for each connection, and may occur only once in a pipeline. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

/** A transaction. Statements are pipelined: sent at once and in order, without waiting for answers. */
export interface Transaction {
  /** Sends a statement; if it fails, the transaction fails. */
  send(statement: Statement, values?: readonly Parameter[]): void;
  /** Sends a statement and waits for its rows. */
  read(statement: Statement, values?: readonly Parameter[]): Promise<readonly Row[]>;
}

/** PostgreSQL, or a database that speaks its protocol. */
export interface Database {
  /**
   * Reads with one statement, which sees a single snapshot of the database.
   *
   * @throws LedgerUnavailableError when the database does not answer.
   */
  read(statement: Statement, values?: readonly Parameter[]): Promise<readonly Row[]>;
  /**
   * Runs the work in a transaction, again from the start after a conflict, and resolves when it is on disk.
   *
   * @param onCommit called with the seconds that the commit took, from the last statement of the work to the answer
   * @throws LedgerUnavailableError when the outcome is unknown or the database is not available.
   */
  transact<T>(work: (transaction: Transaction) => Promise<T>, onCommit?: (seconds: number) => void): Promise<T>;
  /** Waits for running work. */
  close(): Promise<void>;
}

/** Options of `createDatabase`. */
export interface DatabaseOptions {
  /** `postgresql://user:password@host:port/database` with the parameters that libpq knows. */
  readonly url: string;
  /** Maximum number of connections. */
  readonly poolSize: number;
  /** Timeout for a connection in milliseconds, new or from the pool. */
  readonly connectTimeoutMs: number;
  /** Timeout for one statement in milliseconds. */
  readonly statementTimeoutMs: number;
  /** Timeout for the lock of a VM in milliseconds. */
  readonly lockTimeoutMs: number;
}

/** Maximum attempts of a transaction. The wait doubles each time, starting at 4 ms. */
const mostAttempts = 8;

/** Every statement sees what was committed before it; stricter levels would abort and repeat conflicting transactions. */
const begin = { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' };

/** Makes the connection pool; connections are opened on demand. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = createPool(options);
  let isClosed = false;

  async function connect(): Promise<pg.PoolClient> {
    if (isClosed) throw new LedgerUnavailableError('the ledger is closed');
    return await pool.connect();
  }

  return {
    async transact(work, onCommit) {
      const { result, commitSeconds } = await repeat(async () => transactOnce(await connect(), work));
      onCommit?.(commitSeconds);
      return result;
    },
    read: ({ name, text }, values = []) =>
      repeat(async () => {
        const client = await connect();
        try {
          const { rows } = await client.query<Row>({ ...(name !== undefined && { name }), text, values: [...values] });
          client.release();
          return rows;
        } catch (error) {
          client.release(!isWorthRepeating(error));
          throw error;
        }
      }),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await pool.end();
    },
  };
}

function createPool(options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: 'billaged',
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    // A billaged that hangs or is disconnected within a transaction must not keep VMs locked.
    idle_in_transaction_session_timeout: options.statementTimeoutMs,
    // The server's timeout does not help when its answer is lost.
    query_timeout: options.statementTimeoutMs + options.connectTimeoutMs,
    keepAlive: true,
    // A start that fails elsewhere must not wait for idle connections.
    allowExitOnIdle: true,
    pipeline: true,
    types: { getTypeParser: () => (value: string) => value },
  });
  // An idle connection that breaks is replaced; one in use fails its query.
  const ignore = () => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => void client.on('error', ignore));
  return pool;
}

/** Runs a transaction once and releases the connection. */
async function transactOnce<T>(
  client: pg.PoolClient,
  work: (transaction: Transaction) => Promise<T>,
): Promise<{ readonly result: T; readonly commitSeconds: number }> {
  const sent: Promise<unknown>[] = [];
  // The first failure of a pipeline is the cause; later statements only report that the transaction is aborted.
  let failure: { readonly error: unknown } | undefined;
  const send = async ({ name, text }: Statement, values: readonly Parameter[] = []) => {
    const answer = client.query<Row>({ ...(name !== undefined && { name }), text, values: [...values] });
    sent.push(
      answer.catch((error: unknown) => {
        failure ??= { error };
      }),
    );
    return answer;
  };
  const forget = () => undefined;
  try {
    send(begin).catch(forget);
    const result = await work({
      send: (statement, values) => void send(statement, values).catch(forget),
      read: async (statement, values) => (await send(statement, values)).rows,
    });
    const sentAt = performance.now();
    const commit = send({ text: 'COMMIT' });
    commit.catch(forget);
    await Promise.all(sent);
    if (failure !== undefined) throw failure.error;
    if ((await commit).command !== 'COMMIT') throw new Error('the transaction was rolled back');
    client.release();
    return { result, commitSeconds: (performance.now() - sentAt) / 1_000 };
  } catch (error) {
    const reason = failure === undefined ? error : failure.error;
    await rollBack(client, reason);
    throw reason;
  }
}

/** Repeats work while a retry may help. */
async function repeat<T>(run: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await run();
    } catch (error) {
      if (!isWorthRepeating(error) || count === mostAttempts) throw toLedgerError(error);
    }
    await sleep(2 ** (count + 1) * (0.5 + Math.random()));
  }
}

/** Releases a connection, or destroys it when it may be broken or point to the wrong server after a failover. */
async function rollBack(client: pg.PoolClient, reason: unknown): Promise<void> {
  if (!isWorthRepeating(reason)) {
    client.release(true);
    return;
  }
  try {
    await client.query('ROLLBACK');
    client.release();
  } catch {
    client.release(true);
  }
}

/**
 * Whether an immediate retry of the same transaction may succeed: 40001 is a serialization conflict of CockroachDB and
 * YugabyteDB, 40P01 a deadlock, 23505 a row that another transaction has just inserted, 42710 and 42P07 a table that another
 * one has just created: `IF NOT EXISTS` does not see it before the commit.
 */
function isWorthRepeating(error: unknown): boolean {
  return ['40001', '40P01', '23505', '42710', '42P07'].includes(codeOf(error) ?? '');
}

/** Whether the server rejected a value, so that every retry fails as well. */
export function isRefusedValue(error: unknown): boolean {
  return codeOf(error)?.startsWith('22') === true;
}

/** The error for the caller: errors of the database or the connection are wrapped, programming errors are passed on. */
function toLedgerError(error: unknown): unknown {
  if (error instanceof LedgerUnavailableError || isRefusedValue(error)) return error;
  // The client reports lost connections and timeouts as plain errors without a code.
  const isOfDatabase = error instanceof Error && (error.constructor === Error || codeOf(error) !== undefined);
  if (!isOfDatabase && !(error instanceof AggregateError)) return error;
  return new LedgerUnavailableError(`the ledger is unavailable: ${describe(error)}`, { cause: error });
}

/** The message of an error; an AggregateError for several addresses of a host has none of its own. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return messageOf(error);
}
