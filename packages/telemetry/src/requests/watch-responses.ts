import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Tells once when a response has closed: sent, failed, hijacked, or given up by the client. */
export type WatchResponse = (request: IncomingMessage, response: ServerResponse, onClosed: () => void) => void;

/**
 * Makes what watches the responses of a server. A response says itself when it closes, except, before Node 24, one that
 * still waited behind another on a connection that breaks: the connection says it for those.
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
    // Not `once`: the set sees to that, and this runs for every request.
    response.on('close', end);
  };
}
