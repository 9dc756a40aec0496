import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadOrder, LoadResult } from './load-client.ts';
import type { StageOrder, Usage } from './served-stage.ts';

/** What to measure: the stage of the service, and the load. */
export interface Measurement extends Omit<LoadOrder, 'port'>, Omit<StageOrder, 'directory'> {}

/** The result of a measurement. */
export interface Measured extends LoadResult {
  /** CPU time of the server while the client measured, in seconds. */
  readonly serverCpuSeconds: number;
  /** Resident memory of the server, each second from the start of the measurement. */
  readonly residentBytes: readonly number[];
  /** Size of the ledger on disk per sent sample, including the warm-up. */
  readonly diskBytesPerSample: number;
}

/** Runs a server process and a client process, and measures both. The log of the server goes to a file, as in production. */
export async function measureStage({ stage, logLevel, ...load }: Measurement): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'vmobs-bench-'));
  const log = await open(join(directory, 'log'), 'w');
  const server = startModule('./served-stage.ts', log.fd);
  const client = startModule('./load-client.ts', 'inherit');
  try {
    const port = await ask<number>(server, { stage, logLevel, directory } satisfies StageOrder);
    await ask<'measuring'>(client, { port, ...load } satisfies LoadOrder);
    const result = once(client, 'message');
    const before = await ask<Usage>(server, 'usage');
    const residentBytes = [before.residentBytes];
    const timer = setInterval(
      () => void ask<Usage>(server, 'usage').then((usage) => residentBytes.push(usage.residentBytes)),
      1_000,
    );
    const [measured]: [LoadResult] = (await result) as [LoadResult];
    clearInterval(timer);
    const after = await ask<Usage>(server, 'usage');
    await ask<'closed'>(server, 'close');
    const bytes = await sizeOfLedger(directory);
    return {
      ...measured,
      serverCpuSeconds: after.cpuSeconds - before.cpuSeconds,
      residentBytes,
      diskBytesPerSample: bytes / measured.sentSamples,
    };
  } finally {
    for (const child of [client, server]) await end(child);
    await log.close();
    await rm(directory, { recursive: true });
  }
}

function startModule(path: string, output: number | 'inherit'): ChildProcess {
  // As in the command: the code that Node compiles from the sources is cached between starts.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'vmobs-bench-compile-cache') };
  return fork(fileURLToPath(new URL(path, import.meta.url)), { stdio: ['ignore', output, 'inherit', 'ipc'], env });
}

/** Sends a message and waits for the answer. @throws Error when the process ends instead */
function ask<Answer>(child: ChildProcess, question: StageOrder | LoadOrder | 'usage' | 'close'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onEnd = () => reject(new Error('a process of the bench has ended'));
    child.once('exit', onEnd);
    child.once('message', (answer) => {
      child.off('exit', onEnd);
      // The modules above define the answer to each message.
      resolve(answer as Answer);
    });
    child.send(question);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function sizeOfLedger(directory: string): Promise<number> {
  const names = (await readdir(directory)).filter((name) => name.startsWith('ledger.'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
