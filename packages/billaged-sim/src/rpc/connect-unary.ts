import { Code, ConnectError } from '@connectrpc/connect';

/*
 * What a unary call looks like in the Connect protocol, as far as the batch route needs it. Connect's own functions for this
 * are private and may change in any version.
 */

/** Content types of a unary message and of an error. */
export const contentTypes = { proto: 'application/proto', json: 'application/json' } as const;

/** Name and HTTP status of each error code. @see https://connectrpc.com/docs/protocol/#error-codes */
const errorCodes: Readonly<Record<Code, readonly [name: string, httpStatus: number]>> = {
  [Code.Canceled]: ['canceled', 499],
  [Code.Unknown]: ['unknown', 500],
  [Code.InvalidArgument]: ['invalid_argument', 400],
  [Code.DeadlineExceeded]: ['deadline_exceeded', 504],
  [Code.NotFound]: ['not_found', 404],
  [Code.AlreadyExists]: ['already_exists', 409],
  [Code.PermissionDenied]: ['permission_denied', 403],
  [Code.ResourceExhausted]: ['resource_exhausted', 429],
  [Code.FailedPrecondition]: ['failed_precondition', 400],
  [Code.Aborted]: ['aborted', 409],
  [Code.OutOfRange]: ['out_of_range', 400],
  [Code.Unimplemented]: ['unimplemented', 501],
  [Code.Internal]: ['internal', 500],
  [Code.Unavailable]: ['unavailable', 503],
  [Code.DataLoss]: ['data_loss', 500],
  [Code.Unauthenticated]: ['unauthenticated', 401],
};

/** The HTTP status of an error. */
export function httpStatusOf(code: Code): number {
  return errorCodes[code][1];
}

/** An error as JSON. Details are left out: billaged sends none. */
export function errorBody({ code, rawMessage }: ConnectError): Buffer {
  const [name] = errorCodes[code];
  return Buffer.from(JSON.stringify(rawMessage === '' ? { code: name } : { code: name, message: rawMessage }));
}

/**
 * Checks the header `connect-timeout-ms`.
 *
 * @throws ConnectError `invalid_argument` if it is not a number of at most ten digits
 */
export function checkTimeout(header: string | readonly string[] | undefined): void {
  if (typeof header !== 'string' || /^\d{1,10}$/.test(header)) return;
  throw new ConnectError(`protocol error: invalid connect timeout value: ${header}`, Code.InvalidArgument);
}
