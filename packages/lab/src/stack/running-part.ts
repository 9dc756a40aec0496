import { type StartedProcess, startProcess } from '../processes/start-process.ts';
import type { PlacedPart } from './place-part.ts';

/** A part that can be stopped and restarted with the same files, data and ports. */
export interface RunningPart {
  readonly url: string;
  /** Its data folder. */
  readonly data: string;
  /** Its log since the start of the stack, over all its runs. */
  readonly logFile: string;
  /**
   * Stops it, gracefully by default; `SIGKILL` simulates a crash. Does nothing if it is not running.
   */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /**
   * Starts it again and waits until it is ready. Does nothing if it is running.
   *
   * @throws CommandError with the end of its log when it does not become ready.
   */
  start(): Promise<void>;
}

/** Options of `startPart`. */
export interface PartOptions {
  /** Its name in messages. */
  readonly name: string;
  /** Path of its program. */
  readonly command: string;
  readonly place: PlacedPart;
  readonly signal: AbortSignal;
  /** Called when it ends without `stop`. */
  readonly onDeath: (name: string, reason: string) => void;
}

/** Starts a program that can be stopped and started again. @throws CommandError with the end of its log when it does not become ready. */
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
