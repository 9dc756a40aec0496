import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { ServerMessage } from './server.ts';
import type { SinkMessage } from './span-sink.ts';

/** A program of the bench in its own process that answers messages. */
export interface Child<Message> {
  /** Address that it listens on. */
  readonly url: string;
  /** Sends a message and waits for the answer. */
  ask(): Promise<Message>;
  /** Ends the process and waits until it has ended. */
  end(): Promise<void>;
}

/**
 * Starts a program with only these environment variables; its log lines go to /dev/null.
 *
 * @throws Error when it ends before it has sent its address.
 */
export async function startChild<Message extends ServerMessage | SinkMessage>(
  program: URL,
  env: Readonly<Record<string, string>> = {},
): Promise<Child<Message>> {
  const child = fork(program, [], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  /** Programs of the bench send only messages of their type. */
  const answer = async (): Promise<Message> => {
    const early = ended.then(([status]) => {
      throw new Error(`${program.pathname} ended with status ${status}`);
    });
    const [message] = await Promise.race([once(child, 'message'), early]);
    return message as Message;
  };
  const first = await answer();
  if (!('url' in first)) throw new Error(`${program.pathname} did not send its address`);
  return {
    url: first.url,
    ask() {
      const message = answer();
      child.send('ask');
      return message;
    },
    async end() {
      child.disconnect();
      await ended;
    },
  };
}
