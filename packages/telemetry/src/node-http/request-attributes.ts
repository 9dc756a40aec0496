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
import { otherMethod, type UrlScheme } from '../requests/http-metrics.ts';
import { redactQuery } from '../requests/redact-query.ts';

/**
 * What a server span says of a request of `node:http`, beyond its route. What a proxy says of its client is not believed.
 *
 * @param method as a label
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 */
export function nodeRequestAttributes(request: IncomingMessage, method: string, scheme: UrlScheme): Attributes {
  const { url = '/', socket, headers } = request;
  const [path = '/', ...query] = url.split('?');
  const attributes: Attributes = {
    [ATTR_URL_PATH]: path,
    [ATTR_URL_SCHEME]: scheme,
    [ATTR_CLIENT_ADDRESS]: socket.remoteAddress,
    [ATTR_NETWORK_PEER_ADDRESS]: socket.remoteAddress,
    [ATTR_NETWORK_PEER_PORT]: socket.remotePort,
    [ATTR_NETWORK_PROTOCOL_VERSION]: request.httpVersion,
    [ATTR_USER_AGENT_ORIGINAL]: headers['user-agent'],
    ...serverAttributes(headers.host, scheme),
  };
  if (query.join('') !== '') attributes[ATTR_URL_QUERY] = redactQuery(query.join('?'));
  if (method === otherMethod) attributes[ATTR_HTTP_REQUEST_METHOD_ORIGINAL] = request.method;
  return attributes;
}

function serverAttributes(host: string | undefined, scheme: UrlScheme): Attributes {
  const address = `${scheme}://${host}`;
  if (host === undefined || !URL.canParse(address)) return {};
  const { hostname, port } = new URL(address);
  return { [ATTR_SERVER_ADDRESS]: hostname, [ATTR_SERVER_PORT]: Number(port) || (scheme === 'https' ? 443 : 80) };
}
