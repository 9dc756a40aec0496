import { Code, ConnectError } from '@connectrpc/connect';

/**
 * Passes a stream of messages on and tells how it ended.
 *
 * @param onEnd is told once: with nothing when the stream came to its end, with the error that broke it, or with
 *   `canceled` when its reader stopped before the end
 */
export async function* watchStream<Message>(
  messages: AsyncIterable<Message>,
  onEnd: (error?: unknown) => void,
): AsyncGenerator<Message> {
  let hasEnded = false;
  const end = (error?: unknown) => {
    hasEnded = true;
    onEnd(error);
  };
  try {
    yield* messages;
    end();
  } catch (error) {
    end(error);
    throw error;
  } finally {
    if (!hasEnded) onEnd(new ConnectError('the reader of the stream stopped', Code.Canceled));
  }
}
