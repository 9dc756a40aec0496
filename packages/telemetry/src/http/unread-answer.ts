import type { Server, ServerResponse } from 'node:http';
import { constants, Http2ServerResponse } from 'node:http2';

/** Options of `dropUnreadAnswers`. */
export interface UnreadAnswerOptions {
  /** How long a client may take nothing of an answer that waits for it, in milliseconds. */
  readonly unreadAnswerMs: number;
  /** How often answers are looked at, in milliseconds. */
  readonly checkIntervalMs: number;
}

/**
 * Drops answers that their client does not read: each holds its memory, and nothing else ends it. An answer that is read, however
 * slowly, is not dropped, nor is a request whose handler takes long.
 */
export function dropUnreadAnswers(server: Server, { unreadAnswerMs, checkIntervalMs }: UnreadAnswerOptions): void {
  /** Answers that are not sent, and whether they are being timed. */
  const open = new Map<ServerResponse, boolean>();
  server.on('request', (_request, response) => {
    open.set(response, false);
    response.once('close', () => open.delete(response));
  });
  // Most answers are sent at once: a timer of their own would cost more than a look at what is left.
  const check = () => {
    for (const [response, isTimed] of open) {
      if (isTimed || waitingBytes(response) === 0) continue;
      open.set(response, true);
      // Node restarts this timer with what leaves, and also while a handler writes.
      response.setTimeout(unreadAnswerMs, () => {
        if (waitingBytes(response) > 0) drop(response);
      });
    }
  };
  const timer = setInterval(check, checkIntervalMs).unref();
  server.once('close', () => clearInterval(timer));
}

/** Bytes of an answer that the client has not taken, as far as this process holds them. */
function waitingBytes(response: ServerResponse): number {
  const own = response.writableLength;
  // The socket of a session belongs to all its streams.
  return response instanceof Http2ServerResponse ? own : own + (response.socket?.writableLength ?? 0);
}

function drop(response: ServerResponse): void {
  // Destroying a stream says that there was no error, as if its answer were whole.
  if (response instanceof Http2ServerResponse) response.stream.close(constants.NGHTTP2_CANCEL);
  else response.destroy();
}
