/** The names of Connect's codes by their number, `ok` at 0. A test compares them with Connect's enum. @see https://connectrpc.com/docs/protocol/#error-codes */
export const rpcCodes = [
  'ok',
  'canceled',
  'unknown',
  'invalid_argument',
  'deadline_exceeded',
  'not_found',
  'already_exists',
  'permission_denied',
  'resource_exhausted',
  'failed_precondition',
  'aborted',
  'out_of_range',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
  'unauthenticated',
] as const;

/** Name of a Connect code. */
export type RpcCode = (typeof rpcCodes)[number];

/**
 * The codes that are the server's fault: OpenTelemetry marks a server span with one of them as an error.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/rpc/grpc/
 */
export const serverFaultCodes = [
  'unknown',
  'deadline_exceeded',
  'unimplemented',
  'internal',
  'unavailable',
  'data_loss',
] as const satisfies readonly RpcCode[];

/** A code that is the server's fault. */
export type ServerFaultCode = (typeof serverFaultCodes)[number];

/** Whether a code is the server's fault. */
export function isServerFault(code: RpcCode): code is ServerFaultCode {
  return serverFaultCodes.some((fault) => fault === code);
}

/**
 * The code of an RPC that was refused before its handler ran, such as one with malformed JSON.
 *
 * This is what Fastify's statuses mean here, and differs on purpose from Connect's table, which guesses the meaning of a
 * response from a proxy: there, 400 is `internal`, 429, 502 and 504 are `unavailable`, and most others `unknown`. Here the
 * status is the service's own: 400 and other 4xx are faults of the client (`invalid_argument`), 413 and 429 are limits
 * (`resource_exhausted`), 504 is a deadline of the service, and any other 5xx is its fault (`internal`).
 *
 * @see https://connectrpc.com/docs/protocol/#http-to-error-code
 */
export function codeOfHttpStatus(statusCode: number): RpcCode {
  if (statusCode < 400) return 'ok';
  const codes: Readonly<Record<number, RpcCode>> = {
    401: 'unauthenticated',
    403: 'permission_denied',
    404: 'unimplemented',
    409: 'aborted',
    413: 'resource_exhausted',
    429: 'resource_exhausted',
    499: 'canceled',
    501: 'unimplemented',
    503: 'unavailable',
    504: 'deadline_exceeded',
  };
  return codes[statusCode] ?? (statusCode < 500 ? 'invalid_argument' : 'internal');
}
