import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How the Go command is run. */
export interface GoOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Is told what Go is doing, often. */
  readonly onStep: (step: string) => void;
  /** Aborted when the result is not wanted any more. */
  readonly signal: AbortSignal;
}

/** The Go command failed; the message has the end of what it said. */
export class GoError extends Error {
  override readonly name = 'GoError';
}

/** How many lines of what Go said are in the message of an error. */
const tailLines = 20;

/**
 * Runs the Go command in a folder and waits until it has ended, also when it is interrupted.
 *
 * @returns what it wrote to standard output.
 * @throws GoError when it ends with another status than 0.
 */
export async function runGo(folder: string, args: readonly string[], options: GoOptions): Promise<string> {
  const { env, onStep, signal } = options;
  const child = spawn('go', args, {
    cwd: folder,
    // Without C, as the published programs are: no compiler for it is needed, and no library at run time. Flags and workspaces of
    // the user are for the user's own modules.
    env: { ...env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    // Go ends its compilers and removes its temporary files on this one.
    killSignal: 'SIGINT',
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const said: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    const step = describeStep(line);
    if (step === undefined) said.push(line);
    else onStep(step);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    // An interruption is told as an error, too; the process that it ends still has to close.
    child.once('error', (error) => {
      if (child.pid === undefined) reject(error);
    });
  });
  if (status !== 0) {
    const tail = said.slice(-tailLines).join('\n');
    throw new GoError(`"go ${args[0]}" in ${folder} ended with status ${status}; it said:\n${tail}`);
  }
  return output;
}

/** What Go is doing, when a line says just that; other lines are messages. */
function describeStep(line: string): string | undefined {
  const [, download] = /^go: downloading (\S+)/.exec(line) ?? [];
  if (download !== undefined) return `downloading ${download}`;
  return /^[\w.~-]+(\/[\w.~-]+)*$/.test(line) ? `compiling ${line}` : undefined;
}
