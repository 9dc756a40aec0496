import type { IncomingMessage, ServerResponse } from 'node:http';

/** Status of a request that its client gave up: nginx's number, which Connect uses for `canceled`, too. */
const clientClosedRequest = 499;

/** Status of a response that the server itself broke off, whatever it had said in its first line. */
const brokenOff = 500;

/** The status of a response that has closed: the one that was sent if the whole response was. */
export function statusOfClosed(request: IncomingMessage, response: ServerResponse): number {
  // A response that is injected without a socket ends and does not finish.
  if (response.writableFinished || (response.writableEnded && !request.destroyed)) return response.statusCode;
  // The side that closes first is the one that has read no end and no error from the other.
  const { socket } = request;
  return socket.readableEnded || socket.errored != null ? clientClosedRequest : brokenOff;
}
