import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_CLIENT_ADDRESS,
  ATTR_HTTP_REQUEST_METHOD_ORIGINAL,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
  ATTR_URL_QUERY,
  ATTR_URL_SCHEME,
  ATTR_USER_AGENT_ORIGINAL,
} from '@opentelemetry/semantic-conventions';
import type { FastifyRequest } from 'fastify';
import { otherMethod } from '../requests/http-metrics.ts';
import { redactQuery } from '../requests/redact-query.ts';

/**
 * What a server span says of its request, beyond its route.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function requestAttributes(request: FastifyRequest, method: string): Attributes {
  const { url, raw, socket } = request;
  const queryAt = url.indexOf('?');
  const attributes: Attributes = {
    [ATTR_URL_PATH]: queryAt < 0 ? url : url.slice(0, queryAt),
    [ATTR_URL_SCHEME]: request.protocol,
    [ATTR_SERVER_ADDRESS]: request.hostname,
    [ATTR_CLIENT_ADDRESS]: request.ip,
    [ATTR_NETWORK_PEER_ADDRESS]: socket.remoteAddress,
    [ATTR_NETWORK_PEER_PORT]: socket.remotePort,
    [ATTR_NETWORK_PROTOCOL_VERSION]: raw.httpVersion,
    [ATTR_USER_AGENT_ORIGINAL]: request.headers['user-agent'],
  };
  if (request.port !== null) attributes[ATTR_SERVER_PORT] = request.port;
  if (queryAt >= 0 && queryAt < url.length - 1) attributes[ATTR_URL_QUERY] = redactQuery(url.slice(queryAt + 1));
  if (method === otherMethod) attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = request.method;
  return attributes;
}
