import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';

/** How long the rest of a request may take to arrive when it is answered already, in milliseconds. */
const answeredRequestMs = 100;

/** How long a connection that is closed on this side may stay open on the other, in milliseconds. */
const lingerMs = 1_000;

/**
 * Closes an HTTP/1.1 connection whose request was answered and still does not end, such as one that is too large: Node
 * keeps it open, and what is left of the request blocks the next one. This side is closed first, because to close a
 * connection with unread bytes on it can take the answer away from the client.
 */
export function closeUnread(request: IncomingMessage, response: ServerResponse): void {
  // Node takes the socket away from a request that is destroyed.
  const { socket } = request;
  response.once('finish', () => {
    if (request.complete) return;
    setTimeout(() => {
      if (request.complete) return;
      socket.end();
      setTimeout(() => socket.destroy(), lingerMs).unref();
    }, answeredRequestMs).unref();
  });
}

/** Ends an HTTP/2 stream whose request takes too long to arrive, be it before it is answered or after. */
export function boundStream(stream: ServerHttp2Stream, requestTimeoutMs: number): void {
  let deadline = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestTimeoutMs);
  const closeAnswered = () => {
    // The answer is out when this side is closed; to end the stream before would cut it off.
    if (stream.state.localClose === 1) stream.close(constants.NGHTTP2_NO_ERROR);
    else deadline = setTimeout(closeAnswered, answeredRequestMs);
  };
  const arrived = () => clearTimeout(deadline);
  stream.once('end', arrived).once('close', arrived);
  stream.once('finish', () => {
    if (stream.readableEnded) return;
    clearTimeout(deadline);
    deadline = setTimeout(closeAnswered, answeredRequestMs);
    stream.removeAllListeners('data').resume();
  });
}
