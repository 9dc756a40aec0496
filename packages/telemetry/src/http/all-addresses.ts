import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer, type Server as NetServer } from 'node:net';
import { codeOf } from '@vmobs/settings';

/**
 * The addresses that a host stands for, IPv4 first: `localhost` is 127.0.0.1 and ::1 on most machines.
 *
 * @throws the system error when it is not the name of an address
 */
export async function addressesOf(host: string): Promise<readonly [string, ...string[]]> {
  const found = await lookup(host, { all: true, order: 'ipv4first' });
  const [first = host, ...others] = new Set(found.map(({ address }) => address));
  return [first, ...others];
}

/**
 * Opens the port of a listening server on further addresses. The server gets their connections as its own, so requests,
 * limits and the shutdown are the same for all of them. The server's `close` closes them too, and calls back when the last
 * connection of any address has ended. An address that this machine does not have is left out.
 *
 * @throws the system error when the port is taken on one of them
 */
export async function listenOnFurtherAddresses(server: Server, addresses: readonly string[]): Promise<void> {
  const listening = server.address();
  if (listening === null || typeof listening === 'string') return;
  const further: NetServer[] = [];
  closeTogether(server, further);
  for (const host of addresses) {
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      server.emit('connection', socket),
    );
    listener.listen({ host, port: listening.port });
    try {
      await once(listener, 'listening');
      further.push(listener);
    } catch (error) {
      if (!isMissingAddress(error)) throw error;
    }
  }
}

/** The machine has no such address, as ::1 where IPv6 is off. */
function isMissingAddress(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(codeOf(error) ?? '');
}

/** Makes `close` of a server wait for the connections of further listeners: Node counts only those that it accepted itself. */
function closeTogether(server: Server, further: readonly NetServer[]): void {
  const closeOwn = server.close.bind(server);
  server.close = (callback) => {
    const ended = further.filter(({ listening }) => listening).map((listener) => once(listener, 'close'));
    for (const listener of further) listener.close();
    return closeOwn((error) => void Promise.all(ended).then(() => callback?.(error)));
  };
}
