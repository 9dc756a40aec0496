import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { LedgerUnavailableError } from '../ledger-error.ts';
import { isWorthRepeating, toLedgerError } from './database-error.ts';

/** A row as the server writes it: every value is its text. */
export type Row = Readonly<Record<string, string | null>>;

/** A value of a statement. Arrays are written by `arrayText`. */
export type Parameter = string | number | bigint | null;

/** A statement; one with a name is planned once for each connection, and stands at most once in what is sent together. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

/** What can be done within a transaction. Everything is sent at once and in order, without waiting for answers. */
export interface Transaction {
  /** Sends a statement; its error is that of the transaction. */
  send(statement: Statement, values?: readonly Parameter[]): void;
  /** Sends a statement and waits for its rows. */
  read(statement: Statement, values?: readonly Parameter[]): Promise<readonly Row[]>;
}

/** A PostgreSQL, or what speaks its protocol. */
export interface Database {
  /**
   * Reads by one statement, which sees one state of the database.
   *
   * @throws LedgerUnavailableError when the database does not answer.
   */
  read(statement: Statement, values?: readonly Parameter[]): Promise<readonly Row[]>;
  /**
   * Does the work in a transaction, again from the start when it met another one, and resolves when it is on disk.
   *
   * @param onCommit told how many seconds the commit took, from the last statement of the work to the answer
   * @throws LedgerUnavailableError when it is not known to have happened.
   */
  transact<T>(work: (transaction: Transaction) => Promise<T>, onCommit?: (seconds: number) => void): Promise<T>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** Options of `createDatabase`. */
export interface DatabaseOptions {
  /** `postgresql://user:password@host:port/database` with the parameters that libpq knows. */
  readonly url: string;
  /** Most connections. */
  readonly poolSize: number;
  /** Milliseconds for a connection, also for one that is free. */
  readonly connectTimeoutMs: number;
  /** Milliseconds for one statement. */
  readonly statementTimeoutMs: number;
  /** Milliseconds for the lock of a VM that another transaction has. */
  readonly lockTimeoutMs: number;
}

/** Times that a transaction is begun at most. Each waits twice as long as the one before, from 4 ms. */
const mostAttempts = 8;

/** Every statement sees what was committed before it; in stricter modes transactions that meet are begun again. */
const begin = { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' };

/** Makes the connections to a database; none is opened before it is needed. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    application_name: 'billaged',
    max: options.poolSize,
    connectionTimeoutMillis: options.connectTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    lock_timeout: options.lockTimeoutMs,
    // A billaged that was frozen or cut off within a transaction must not keep VMs locked.
    idle_in_transaction_session_timeout: options.statementTimeoutMs,
    // The server's own timeout does not help when its answer does not come.
    query_timeout: options.statementTimeoutMs + options.connectTimeoutMs,
    keepAlive: true,
    // A start that fails elsewhere must not wait for connections that nobody uses.
    allowExitOnIdle: true,
    pipeline: true,
    types: { getTypeParser: () => (value: string) => value },
  });
  // A connection that breaks while nobody uses it is replaced; one in use tells whoever uses it.
  const ignore = () => undefined;
  pool.on('error', ignore);
  pool.on('connect', (client) => void client.on('error', ignore));
  let isClosed = false;

  async function connect(): Promise<pg.PoolClient> {
    if (isClosed) throw new LedgerUnavailableError('the ledger is closed');
    return await pool.connect();
  }

  async function attempt<T>(
    work: (transaction: Transaction) => Promise<T>,
  ): Promise<{ readonly result: T; readonly commitSeconds: number }> {
    const client = await connect();
    const sent: Promise<unknown>[] = [];
    // Of statements that were sent together the first that fails is the reason; the rest says that it did.
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

  /** Runs something again as long as that may help. */
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

  return {
    async transact(work, onCommit) {
      const { result, commitSeconds } = await repeat(() => attempt(work));
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

/** Gives a connection back, or gives it up when it may be of no more use: its server may not be the right one any more. */
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
