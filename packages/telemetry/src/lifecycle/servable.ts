import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { urlOf } from '../http/listen.ts';
import type { Logger } from '../logs/logger.ts';

/** What a service answers with: a Fastify application, or a server of `node:http` with its handler. */
export type Servable = FastifyInstance | Server;

/** The life of a server, whatever it is made with. */
export interface ServerLife {
  readonly server: Server;
  open(address: { readonly host: string; readonly port: number }): Promise<void>;
  /** Takes no more requests and waits for those that run; an application runs its close hooks, too. */
  close(): Promise<void>;
}

/** The life of what is served. @param logger is told the address of a server; Fastify tells that itself */
export function lifeOf(servable: Servable, logger: Logger): ServerLife {
  // A server with TLS is one of these, too, and none of `node:http`.
  return servable instanceof NetServer ? lifeOfServer(servable, logger) : lifeOfApplication(servable);
}

function lifeOfServer(server: Server, logger: Logger): ServerLife {
  return {
    server,
    async open(address) {
      server.listen(address);
      await once(server, 'listening');
      logger.info(`Server listening at ${urlOf(server.address())}`);
    },
    async close() {
      if (server.listening) await promisify(server.close.bind(server))();
    },
  };
}

function lifeOfApplication(app: FastifyInstance): ServerLife {
  return {
    server: app.server,
    async open(address) {
      await app.listen(address);
    },
    async close() {
      await app.close();
    },
  };
}
