import { type StartedProcess, startProcess } from '../processes/start-process.ts';
import type { PlacedPart } from './place-part.ts';
import type { StackPart } from './stack-parts.ts';

/** One part of the stack, in its place: what was stopped can be started again with the same files, data and ports. */
export interface RunningPart {
  readonly url: string;
  /** Folder of what it keeps. */
  readonly data: string;
  /** What it has written since the stack was started, over all its runs. */
  readonly logFile: string;
  /**
   * Ends it, in order unless told otherwise; `SIGKILL` is what a crash would be. One that does not run stays as it is.
   */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /**
   * Starts it again and waits until it is ready; one that runs stays as it is.
   *
   * @throws CommandError with the end of its log when it does not become ready.
   */
  start(): Promise<void>;
}

/** Options of `startPart`. */
export interface PartOptions {
  readonly name: StackPart;
  /** Path of its program. */
  readonly command: string;
  readonly place: PlacedPart;
  readonly signal: AbortSignal;
  /** Is told when it ends without having been stopped. */
  readonly onDeath: (name: string, reason: string) => void;
}

/** Starts a part of the stack. @throws CommandError with the end of its log when it does not become ready. */
export async function startPart({ name, command, place, signal, onDeath }: PartOptions): Promise<RunningPart> {
  let process: StartedProcess | undefined;
  const part: RunningPart = {
    url: place.url,
    data: place.data,
    logFile: place.logFile,
    async stop(how) {
      const stopping = process;
      process = undefined;
      await stopping?.stop(how);
    },
    async start() {
      process ??= await startProcess({
        name,
        command,
        ...place,
        signal,
        onDeath(...death) {
          process = undefined;
          onDeath(...death);
        },
      });
    },
  };
  await part.start();
  return part;
}
