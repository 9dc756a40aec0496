export { type H2cServerOptions, h2cServer } from '../http/h2c-server.ts';
export { refuseForeignHosts } from './foreign-hosts.ts';
export { type FastifyTelemetryOptions, fastifyTelemetry } from './plugin.ts';
export { fastifyOptions } from './server-options.ts';
