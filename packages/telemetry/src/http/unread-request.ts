import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';

/** How long the rest of a request may take to arrive after the response, in milliseconds. */
const answeredRequestMs = 100;

/** How long a connection that this side has closed may stay open on the other, in milliseconds. */
const lingerMs = 1_000;

/**
 * Closes an HTTP/1.1 connection whose request was answered before its end, such as one that is too large: Node keeps it open,
 * and the rest of the request blocks the next one. This side is closed first, because closing a connection with unread bytes
 * can make the client lose the response.
 */
export function closeUnread(request: IncomingMessage, response: ServerResponse): void {
  // Read it now: a destroyed request has no socket.
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

/** Ends an HTTP/2 stream whose body is not received in time, answered or not. */
export function boundStream(stream: ServerHttp2Stream, requestTimeoutMs: number): void {
  let deadline = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestTimeoutMs);
  const closeAnswered = () => {
    // The response was sent once this side is closed; ending the stream earlier would cut it.
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
