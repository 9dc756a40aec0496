import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** The connections of a server, for its shutdown. */
export interface Connections {
  /** Requests that are not yet answered to the end. */
  readonly runningRequests: number;
  /**
   * From now on, every response announces the end of its connection, so that clients reconnect elsewhere: also the response
   * of a running request whose head is not yet sent.
   */
  drain(): void;
  /** Closes every idle connection, now and whenever one becomes idle. */
  closeIdle(): void;
  /** Closes every connection, even one with running requests. */
  closeAll(): void;
}

/**
 * Watches the connections of a server; call it before the server listens. When a server closes, Node closes idle connections,
 * but not those that have sent nothing or half a request, nor those that become idle later: any of them would keep the server
 * open until its client disconnects.
 */
export function watchConnections(server: Server): Connections {
  const requestsOn = new Map<Socket, number>();
  const http2Sockets = new Set<Socket>();
  const running = new Set<ServerResponse>();
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

  // Node's own takes a connection as idle whose answer is complete, but not yet sent: it would be cut.
  server.closeIdleConnections = () => {
    for (const [socket, requests] of requestsOn) if (requests === 0) socket.destroySoon();
  };
  if (server instanceof TlsServer) watchHandshakes(server, requestsOn, watch);
  else server.on('connection', watch);
  // HTTP/2 connections of `h2cServer` end with their sessions, when the server closes.
  server.on('http2', (socket: Socket) => {
    requestsOn.delete(socket);
    http2Sockets.add(socket);
    socket.once('close', () => http2Sockets.delete(socket));
  });
  // Runs before the application's handler, which may answer at once.
  server.prependListener('request', ({ socket }, response) => {
    if (isDraining) announceEnd(response);
    running.add(response);
    count(socket, 1);
    response.once('close', () => {
      running.delete(response);
      count(socket, -1);
    });
  });
  return {
    get runningRequests() {
      return running.size;
    },
    drain() {
      isDraining = true;
      for (const response of running) announceEnd(response);
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

/** Answers with `Connection: close`. HTTP/2 has GOAWAY for that, which the server sends when it closes. */
function announceEnd(response: ServerResponse): void {
  response.shouldKeepAlive = false;
}

/**
 * Watches the connections of a TLS server: the raw socket until its handshake is done, then the TLS socket that requests come
 * from. Node does not link the two; their remote address matches them.
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
