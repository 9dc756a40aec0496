import { Code, ConnectError } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { watchStream } from './watch-stream.ts';

/** A stream of two messages, which may break after them. */
async function* twoMessages(error?: Error) {
  yield 'one';
  yield 'two';
  if (error !== undefined) throw error;
}

/** Watches a stream and notes how it ended. */
function watch(messages: AsyncIterable<string>) {
  const ends: unknown[] = [];
  return { ends, stream: watchStream(messages, (...[error]) => ends.push(error)) };
}

test('a complete stream is passed through and ends once without an error', async () => {
  const { ends, stream } = watch(twoMessages());
  expect(await Array.fromAsync(stream)).toEqual(['one', 'two']);
  expect(ends).toEqual([undefined]);
});

test('a broken stream ends once with its error, which its reader also gets', async () => {
  const broken = new Error('broken');
  const { ends, stream } = watch(twoMessages(broken));
  await expect(Array.fromAsync(stream)).rejects.toBe(broken);
  expect(ends).toEqual([broken]);
});

test('a stream whose reader stops is canceled', async () => {
  const { ends, stream } = watch(twoMessages());
  for await (const message of stream) {
    expect(message).toBe('one');
    break;
  }
  expect(ends).toHaveLength(1);
  expect(ConnectError.from(ends[0]).code).toBe(Code.Canceled);
});
