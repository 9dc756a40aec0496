/** The codes of Connect in words, `ok` first. @see https://connectrpc.com/docs/protocol/#error-codes */
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

/** A code of Connect in words. */
export type RpcCode = (typeof rpcCodes)[number];

/**
 * The codes that are the server's fault: what OpenTelemetry marks as an error on a server span.
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

/** The code of an RPC that was refused before its handler ran, such as one with malformed JSON. */
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
