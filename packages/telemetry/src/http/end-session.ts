import { constants, type Http2Session } from 'node:http2';

/** How long a client may take to hear that its connection ends, in milliseconds. */
const announceMs = 500;

/** The highest number of a stream: a GOAWAY with it ends no stream. */
const anyStream = 2 ** 31 - 1;

/**
 * Ends an HTTP/2 session of a server without loss, as RFC 9113 section 6.8 has it: a first GOAWAY that takes every stream announces
 * the end; when the client has answered the PING behind it, it has heard of it, and a second GOAWAY ends the session after its
 * streams. `session.close()` alone loses the requests that are on their way.
 */
export function endSession(session: Http2Session): void {
  if (session.closed || session.destroyed) return;
  const close = () => {
    clearTimeout(deadline);
    if (!session.destroyed) session.close();
  };
  const deadline = setTimeout(close, announceMs);
  session.once('close', () => clearTimeout(deadline));
  session.goaway(constants.NGHTTP2_NO_ERROR, anyStream);
  // Without effect when too many are unanswered: then the time ends the session.
  session.ping(close);
}
