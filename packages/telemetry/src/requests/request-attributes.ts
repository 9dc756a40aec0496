import type { IncomingMessage } from 'node:http';
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
import { otherMethod } from './http-metrics.ts';

/** Both ends of a request as the framework of the server determines them, with or without trust in a proxy. */
export interface RequestEndpoints {
  readonly scheme: string;
  readonly clientAddress: string | undefined;
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
}

/**
 * The attributes of a server span that depend on its request. Those of the route are separate.
 *
 * @param method as a label
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function requestAttributes(raw: IncomingMessage, method: string, endpoints: RequestEndpoints): Attributes {
  const { url = '/', socket } = raw;
  const queryAt = url.indexOf('?');
  const attributes: Attributes = {
    [ATTR_URL_PATH]: queryAt < 0 ? url : url.slice(0, queryAt),
    [ATTR_URL_SCHEME]: endpoints.scheme,
    [ATTR_SERVER_ADDRESS]: endpoints.serverAddress,
    [ATTR_SERVER_PORT]: endpoints.serverPort,
    [ATTR_CLIENT_ADDRESS]: endpoints.clientAddress,
    [ATTR_NETWORK_PEER_ADDRESS]: socket.remoteAddress,
    [ATTR_NETWORK_PEER_PORT]: socket.remotePort,
    [ATTR_NETWORK_PROTOCOL_VERSION]: raw.httpVersion,
    [ATTR_USER_AGENT_ORIGINAL]: raw.headers['user-agent'],
  };
  if (queryAt >= 0 && queryAt < url.length - 1) attributes[ATTR_URL_QUERY] = redactQuery(url.slice(queryAt + 1));
  if (method === otherMethod) attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = raw.method;
  return attributes;
}

/** Removes the values of a query, which may be secrets or personal data: `page=2&token` is `page=REDACTED&REDACTED`. */
export function redactQuery(query: string): string {
  return query
    .split('&')
    .map((pair) => (pair.includes('=') ? `${pair.slice(0, pair.indexOf('='))}=REDACTED` : 'REDACTED'))
    .join('&');
}
