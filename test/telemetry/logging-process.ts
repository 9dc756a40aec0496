import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type LogLine, readSeries } from '@vmobs/testing';
import { onTestFinished } from 'vitest';
import type { Order, Started } from './orders.ts';

/** Options of `startLoggingProcess`. */
export interface LoggingProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly argument?: 'unwatched';
  /** Largest file that it may write, in blocks of 512 bytes. */
  readonly fileSizeLimit?: number;
}

/** A service that logs on demand, for the length of one test. */
export interface LoggingProcess {
  readonly process: ChildProcess;
  /** Its standard output, unread so far. */
  readonly output: Readable;
  /** What it has written to standard error up to now. */
  stderr(): string;
  /** Sends an order and waits until it is carried out. */
  order(order: Order): Promise<void>;
  /** Sends an order that ends the process. */
  lastOrder(order: Order): void;
  /** Whether it answers on its metrics port. */
  isAlive(): Promise<boolean>;
  /** Value of a metric on its page. */
  metric(series: string): Promise<number>;
  /** Waits for its end. @returns status, signal */
  exited: Promise<unknown[]>;
}

const program = fileURLToPath(new URL('logging-service.ts', import.meta.url));

/** Starts a logger. Its standard output stays in the pipe until the test reads it. */
export async function startLoggingProcess({
  env = {},
  argument,
  fileSizeLimit,
}: LoggingProcessOptions = {}): Promise<LoggingProcess> {
  const command = [process.execPath, program, ...(argument ? [argument] : [])];
  const limited = fileSizeLimit === undefined ? [] : ['sh', '-c', `ulimit -f ${fileSizeLimit}; exec "$@"`, 'sh'];
  const [executable = '', ...parameters] = [...limited, ...command];
  const child = spawn(executable, parameters, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new TypeError('a logger has pipes');
  let errors = '';
  stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const exited = once(child, 'exit');
  const [started] = (await Promise.race([once(child, 'message'), exited])) as [Started | number];
  if (typeof started !== 'object') throw new Error(`the logger ended with ${started}: ${errors}`);
  const { metricsUrl } = started;

  return {
    process: child,
    output: stdout,
    stderr: () => errors,
    async order(order) {
      const done = once(child, 'message');
      child.send(order);
      await done;
    },
    lastOrder: (order) => void child.send(order),
    isAlive: async () => (await fetch(`${metricsUrl}/health`)).ok,
    async metric(series) {
      const value = await readSeries(metricsUrl, `${series} `);
      if (Number.isNaN(value)) throw new Error(`the page has no ${series}`);
      return value;
    },
    exited,
  };
}

/** The lines of a text. @throws SyntaxError for one that is torn */
export function parseLines(text: string): LogLine[] {
  return (text.match(/^.*\n?/gm) ?? []).filter((line) => line !== '').map((line): LogLine => JSON.parse(line));
}

/** The numbers of the numbered lines of a logger, in their order. */
export function numbersIn(text: string): unknown[] {
  return parseLines(text).flatMap(({ msg, number }) => (msg === 'line' ? [number] : []));
}

/** The numbers of so many lines of which none is missing. */
export function numbersTo(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
