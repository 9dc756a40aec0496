import { Code, ConnectError } from '@connectrpc/connect';

/**
 * Passes a stream of messages through and reports how it ended.
 *
 * @param onEnd called once: without an argument when the stream ended, with the error that broke it, or with `canceled` when its
 *   reader stopped earlier
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
