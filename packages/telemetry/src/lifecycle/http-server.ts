import { once } from 'node:events';
import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import { promisify } from 'node:util';
import { urlOf } from '../http/listen.ts';
import type { Logger } from '../logs/logger.ts';

/** The part of a web application that is needed to run it; a Fastify application has it. */
export interface Application {
  readonly server: Server;
  /** Opens the port and logs its address. */
  listen(address: { readonly host: string; readonly port: number }): Promise<unknown>;
  /** Accepts no more requests, waits for those in progress, and runs the close hooks. */
  close(): Promise<unknown>;
}

/** The HTTP server of a service: a Fastify application, or a server of `node:http` with its handler. */
export type HttpServer = Application | Server;

/** Opens and closes an HTTP server of either kind. */
export interface ServerControl {
  readonly server: Server;
  open(address: { readonly host: string; readonly port: number }): Promise<void>;
  /** Accepts no more requests and waits for those in progress; an application also runs its close hooks. */
  close(): Promise<void>;
}

/** Returns the control of a server. @param logger logs the address of a plain server; Fastify logs its own */
export function controlOf(httpServer: HttpServer, logger: Logger): ServerControl {
  // A server with TLS is a `net.Server`, too, but not an `http.Server`.
  return httpServer instanceof NetServer ? controlOfServer(httpServer, logger) : controlOfApplication(httpServer);
}

function controlOfServer(server: Server, logger: Logger): ServerControl {
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

function controlOfApplication(app: Application): ServerControl {
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
