export { type H2cServerOptions, h2cServer } from '../http/h2c-server.ts';
export { type FastifyTelemetryOptions, fastifyTelemetry } from './plugin.ts';
export { fastifyOptions } from './server-options.ts';
