import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { CommandError } from '@vmobs/settings';

/** Options of the build tools. */
export interface ToolOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Called often with the current step of the tool. */
  readonly onStep: (step: string) => void;
  /** Aborts the build. */
  readonly signal: AbortSignal;
}

/** One run of a tool. */
export interface ToolRun {
  /** Such as `go`, from PATH. */
  readonly tool: string;
  readonly folder: string;
  readonly args: readonly string[];
  /** Variables besides those of the options. */
  readonly env?: Readonly<Record<string, string>>;
  /** Extracts the current step from a line of output; `undefined` for other messages. */
  readonly describeStep: (line: string) => string | undefined;
}

/** A tool failed; the message has the end of its output. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

/** A tool, such as Go, Java or Maven, is missing or too old; the message says how to get it. */
export class MissingToolError extends CommandError {
  override readonly name = 'MissingToolError';
}

/** Lines of output in the message of an error. */
const tailLines = 20;

/**
 * Runs a tool and waits until it has ended, even when it is interrupted.
 *
 * @returns what it wrote to standard output.
 * @throws ToolError when it ends with another status than 0.
 */
export async function runTool(run: ToolRun, { env, onStep, signal }: ToolOptions): Promise<string> {
  const child = spawn(run.tool, run.args, {
    cwd: run.folder,
    env: { ...env, ...run.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    // On SIGINT, Go ends its compilers and removes its temporary files.
    killSignal: 'SIGINT',
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      const step = run.describeStep(line);
      if (step === undefined) said.push(line);
      else onStep(step);
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    // An abort is reported as an error as well; the process still has to close.
    child.once('error', (error) => {
      if (child.pid === undefined) reject(error);
    });
  });
  if (status !== 0) {
    const tail = said.slice(-tailLines).join('\n');
    throw new ToolError(`"${run.tool} ${run.args[0]}" in ${run.folder} ended with status ${status}; it said:\n${tail}`);
  }
  return output;
}
