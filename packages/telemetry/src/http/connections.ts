import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** The connections of a server, for its end. */
export interface Connections {
  /** Has every response from now on say that its connection closes after it, so that clients go elsewhere by themselves. */
  drain(): void;
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
  const http2Sockets = new Set<Socket>();
  let isDraining = false;
  let isClosing = false;

  function watch(socket: Socket): void {
    requestsOn.set(socket, 0);
    socket.once('close', () => requestsOn.delete(socket));
    count(socket, 0);
  }

  function count(socket: Socket, change: number): void {
    const requests = requestsOn.get(socket);
    if (requests === undefined) return;
    requestsOn.set(socket, requests + change);
    if (isClosing && requests + change === 0) socket.destroySoon();
  }

  if (server instanceof TlsServer) watchHandshakes(server, requestsOn, watch);
  else server.on('connection', watch);
  // Those of `onePort` that speak HTTP/2 end by their sessions, when the server closes.
  server.on('http2', (socket: Socket) => {
    requestsOn.delete(socket);
    http2Sockets.add(socket);
    socket.once('close', () => http2Sockets.delete(socket));
  });
  // Before the handler of the application, which may answer at once.
  server.prependListener('request', ({ socket }, response) => {
    if (isDraining) response.shouldKeepAlive = false;
    count(socket, 1);
    response.once('close', () => count(socket, -1));
  });
  return {
    drain() {
      isDraining = true;
    },
    closeIdle() {
      isClosing = true;
      for (const socket of requestsOn.keys()) count(socket, 0);
    },
    closeAll() {
      isClosing = true;
      for (const socket of [...requestsOn.keys(), ...http2Sockets]) socket.destroy();
    },
  };
}

/**
 * Watches the connections of a server with TLS: the socket below until its handshake is done, then the one that requests
 * come from. They know nothing of each other; what they have in common is the address at the other end.
 */
function watchHandshakes(server: TlsServer, requestsOn: Map<Socket, number>, watch: (socket: Socket) => void): void {
  const handshakes = new Map<string, Socket>();
  const addressOf = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const address = addressOf(socket);
    handshakes.set(address, socket);
    socket.once('close', () => handshakes.delete(address));
    watch(socket);
  });
  server.on('secureConnection', (socket) => {
    const address = addressOf(socket);
    const below = handshakes.get(address);
    if (below !== undefined) requestsOn.delete(below);
    handshakes.delete(address);
    watch(socket);
  });
}
