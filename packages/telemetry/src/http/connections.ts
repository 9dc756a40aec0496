import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, for its end. */
export interface Connections {
  /** Closes every connection that no request runs on, now and whenever a last one ends. */
  closeIdle(): void;
  /** Closes every connection, with what runs on it. */
  closeAll(): void;
}

/**
 * Watches the connections of a server, from before it listens. Node closes the idle ones itself when closing begins, but
 * not those that have sent nothing or half a request, nor those that fall idle later: any of them would hold the server
 * open until its client lets go.
 */
export function watchConnections(server: Server): Connections {
  const requestsOn = new Map<Socket, number>();
  let isClosing = false;

  function count(socket: Socket, change: number): void {
    const requests = requestsOn.get(socket);
    if (requests === undefined) return;
    requestsOn.set(socket, requests + change);
    if (isClosing && requests + change === 0) socket.destroySoon();
  }

  server.on('connection', (socket: Socket) => {
    requestsOn.set(socket, 0);
    socket.once('close', () => requestsOn.delete(socket));
    count(socket, 0);
  });
  server.on('request', ({ socket }, response) => {
    count(socket, 1);
    response.once('close', () => count(socket, -1));
  });
  return {
    closeIdle() {
      isClosing = true;
      for (const socket of requestsOn.keys()) count(socket, 0);
    },
    closeAll() {
      isClosing = true;
      for (const socket of requestsOn.keys()) socket.destroy();
    },
  };
}
