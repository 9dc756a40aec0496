import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { ServerMessage } from './serve.ts';
import type { SinkMessage } from './span-sink.ts';

/** A program of the bench that runs as a process of its own and answers when it is asked. */
export interface Child<Message> {
  /** Where it listens. */
  readonly url: string;
  /** Asks and waits for the answer. */
  ask(): Promise<Message>;
  /** Ends it, and waits for that. */
  end(): Promise<void>;
}

/**
 * Starts a program with these variables and no others; its log lines go to /dev/null.
 *
 * @throws Error when it ends before it has told where it listens.
 */
export async function startChild<Message extends ServerMessage | SinkMessage>(
  program: URL,
  env: Readonly<Record<string, string>> = {},
): Promise<Child<Message>> {
  const child = fork(program, [], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  /** The programs of the bench say nothing but messages of their kind. */
  const answer = async (): Promise<Message> => {
    const early = ended.then(([status]) => {
      throw new Error(`${program.pathname} ended with status ${status}`);
    });
    const [message] = await Promise.race([once(child, 'message'), early]);
    return message as Message;
  };
  const first = await answer();
  if (!('url' in first)) throw new Error(`${program.pathname} did not say where it listens`);
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
