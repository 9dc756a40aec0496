import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, type ServerHttp2Stream } from 'node:http2';

/** How long the rest of a request may take to arrive after the response, in milliseconds. */
const answeredRequestMs = 100;

/** How long a connection that this side has closed may stay open on the other, in milliseconds. */
const lingerMs = 1_000;

/** A request with at most this many bytes arrives within `answeredRequestMs`; its connection can serve the next one. */
const smallRequestBytes = 64 * 1024;

/**
 * Closes an HTTP/1.1 connection whose request was answered before its end, such as one that is too large: Node keeps it open,
 * and the rest of the request blocks the next one. The response says so, unless the rest is small and may still arrive in time.
 * This side is closed first, because closing a connection with unread bytes can make the client lose the response.
 */
export function closeUnread(request: IncomingMessage, response: ServerResponse): void {
  // Read it now: a destroyed request has no socket.
  const { socket } = request;
  const close = () => {
    socket.end();
    setTimeout(() => socket.destroy(), lingerMs).unref();
  };
  response.once('finish', () => {
    if (request.complete) return;
    setTimeout(() => {
      if (!request.complete) close();
    }, answeredRequestMs).unref();
  });
  if (!mayBeLarge(request)) return;
  const { writeHead } = response;
  response.writeHead = (...head: [number]) => {
    if (!request.complete) {
      response.shouldKeepAlive = false;
      // Node calls this after the last response of a connection, and would discard what the client is still sending.
      socket.destroySoon = close;
    }
    return writeHead.apply(response, head);
  };
}

function mayBeLarge({ headers }: IncomingMessage): boolean {
  const { 'content-length': announced, 'transfer-encoding': encoding } = headers;
  return encoding !== undefined || Number(announced ?? 0) > smallRequestBytes;
}

/**
 * How long an answered HTTP/2 request may send nothing before its stream is closed, in milliseconds. A client that has its answer
 * may count the stream as closed, and open another in its place. One that goes on sending is read for up to `lingerMs`.
 */
const quietMs = 20;

/** Ends an HTTP/2 stream whose body is not received in time, answered or not. */
export function boundStream(stream: ServerHttp2Stream, requestTimeoutMs: number): void {
  let deadline = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestTimeoutMs);
  const arrived = () => clearTimeout(deadline);
  stream.once('end', arrived).once('close', arrived);
  stream.once('finish', () => {
    if (stream.readableEnded) return;
    clearTimeout(deadline);
    const answeredAt = performance.now();
    let waitMs = quietMs;
    let isQuiet = false;
    const closeAnswered = () => {
      // The response was sent once this side is closed; ending the stream earlier would cut it.
      const isSent = stream.state.localClose === 1;
      if (isSent && (isQuiet || performance.now() - answeredAt > lingerMs)) stream.close(constants.NGHTTP2_NO_ERROR);
      else deadline = setTimeout(closeAnswered, waitMs);
      if (!isSent) waitMs = Math.min(2 * waitMs, answeredRequestMs);
      isQuiet = true;
    };
    stream.removeAllListeners('data').on('data', () => {
      isQuiet = false;
    });
    stream.resume();
    closeAnswered();
  });
}
