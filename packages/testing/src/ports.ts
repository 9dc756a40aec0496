import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { onTestFinished } from 'vitest';

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  // A server that listens on a port has an address of this form.
  return (server.address() as AddressInfo).port;
}

/** Takes a port of 127.0.0.1 for the length of one test; 0 takes a free one. @returns the port */
export async function occupyPort(port = 0): Promise<number> {
  const server = await listen(port);
  onTestFinished(() => void server.close());
  return portOf(server);
}

/**
 * Opens a port of 127.0.0.1 and closes it again: to find a free one, or to see that one is free.
 *
 * @returns the port
 * @throws Error with the code `EADDRINUSE` when something listens on it
 */
export async function openAndClosePort(port = 0): Promise<number> {
  const server = await listen(port);
  const opened = portOf(server);
  server.close();
  await once(server, 'close');
  return opened;
}
