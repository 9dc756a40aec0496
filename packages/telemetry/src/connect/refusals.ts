import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { context } from '@opentelemetry/api';
import { rpcCodes } from '../requests/rpc-codes.ts';
import { serverCallOf } from '../requests/server-call.ts';

/**
 * The `requestGate` of a Connect server: it lets every RPC pass, and tells the HTTP hooks with which code one ended that
 * no interceptor has seen, such as one with a body that cannot be read. gRPC answers those with the HTTP status 200.
 * The example of `connectErrorAnswers` has it.
 */
export function watchRefusals({ signal }: HandlerContext): void {
  const call = serverCallOf(context.active());
  if (call?.route.procedure === undefined) return;
  // Connect ends the signal of each RPC with the error that it answers.
  const noteRefusal = () => {
    const reason: unknown = signal.reason;
    if (call.rpcCode !== undefined || !(reason instanceof ConnectError)) return;
    blameClient(reason);
    call.rpcCode = rpcCodes[reason.code] ?? 'unknown';
    call.error = reason;
  };
  signal.addEventListener('abort', noteRefusal, { once: true });
}

/**
 * Connect for Node calls it `internal` when a message cannot be read, as if it were a fault of the server; Connect for Go
 * says `invalid_argument`. The error is not sent yet, so it can be set right; unless the deadline of the RPC was over
 * before it was read, which ends its signal first.
 */
function blameClient(refusal: ConnectError): void {
  if (refusal.code !== Code.Internal) return;
  const code = Code.InvalidArgument;
  Object.assign(refusal, { code, message: `[${rpcCodes[code]}] ${refusal.rawMessage}` });
}
