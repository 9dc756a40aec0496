import type { IncomingMessage } from 'node:http';
import { Code, ConnectError } from '@connectrpc/connect';
import { createTokenCheck, tokenRetrySeconds } from '@vmobs/settings';
import type { Logger } from '@vmobs/telemetry';

/** Shortest time between two lines about refused requests. */
const lineEveryMs = 10_000;

/** Requires the token of a billing RPC. @throws ConnectError `unauthenticated`, or `resource_exhausted` after many guesses */
export type RequireBillingToken = (request: IncomingMessage) => void;

/**
 * Makes the check of `Authorization: Bearer <token>`, before anything else of a request is looked at.
 *
 * @param token `undefined` requires none
 */
export function createBillingToken(token: string | undefined, logger: Logger): RequireBillingToken {
  if (token === undefined) return () => undefined;
  const check = createTokenCheck(token);
  let notBefore = 0;
  let linesLeftOut = 0;

  function report(remoteAddress: string | undefined): void {
    if (performance.now() < notBefore) {
      linesLeftOut += 1;
      return;
    }
    notBefore = performance.now() + lineEveryMs;
    const fields = { remote_address: remoteAddress, lines_left_out: linesLeftOut };
    linesLeftOut = 0;
    logger.warn(fields, 'billing request refused: missing or wrong token');
  }

  return ({ headers, socket }) => {
    const verdict = check(headers.authorization, socket);
    if (verdict === 'accepted') return;
    report(socket.remoteAddress);
    if (verdict === 'throttled') {
      const retryLater = { 'retry-after': String(tokenRetrySeconds) };
      throw new ConnectError('too many wrong tokens came from this address', Code.ResourceExhausted, retryLater);
    }
    throw new ConnectError(
      'this billaged requires a token: metald sends it when UNKEY_METALD_BILLING_TOKEN_FILE or --billing-token-file names a file with the same token as that of billaged',
      Code.Unauthenticated,
    );
  };
}
