import type { IncomingMessage, ServerResponse } from 'node:http';

/** Status of a request that its client gave up: nginx's number, which Connect uses for `canceled`, too. */
const clientClosedRequest = 499;

/** Status of a response that the server itself broke off, whatever it had said in its first line. */
const brokenOff = 500;

/** The status of a response that has closed: the one that was sent if the whole response was. */
export function statusOfClosed(request: IncomingMessage, response: ServerResponse): number {
  // A response that is injected without a socket ends and does not finish; one of HTTP/2 that was given up counts as
  // finished in Node, though nobody has ended it.
  if (response.writableEnded && (response.writableFinished || !request.destroyed)) return response.statusCode;
  // A stream of HTTP/2 ends by itself, whatever becomes of its connection.
  if (request.httpVersionMajor === 2) return request.aborted ? clientClosedRequest : brokenOff;
  // The side that closes first is the one that has read no end and no error from the other.
  const { socket } = request;
  return socket.readableEnded || socket.errored != null ? clientClosedRequest : brokenOff;
}
