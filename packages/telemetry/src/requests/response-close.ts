import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Calls `onClosed` once when a response has closed: sent, failed, hijacked, or cancelled by the client. */
export type WatchResponse = (request: IncomingMessage, response: ServerResponse, onClosed: () => void) => void;

/**
 * Makes the function that watches the responses of a server. A response emits `close` itself. The exception, before Node 24,
 * is one that waits behind another on a connection that breaks; for those the connection is watched.
 */
export function createResponseWatch(): WatchResponse {
  const openOn = new WeakMap<Socket, Set<() => void>>();

  function watchSocket(socket: Socket): Set<() => void> {
    const open = new Set<() => void>();
    openOn.set(socket, open);
    socket.once('close', () => {
      for (const end of open) end();
    });
    return open;
  }

  return ({ socket }, response, onClosed) => {
    const open = openOn.get(socket) ?? watchSocket(socket);
    const end = () => {
      if (open.delete(end)) onClosed();
    };
    open.add(end);
    // `on` is cheaper than `once`, and the set already makes sure that it runs once; this is done for every request.
    response.on('close', end);
  };
}
