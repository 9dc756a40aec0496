import { Code, ConnectError, type Interceptor, type UnaryRequest } from '@connectrpc/connect';
import { within } from '../deadlines/within.ts';

/** Options of `connectDeadlineInterceptor`. */
export interface DeadlineOptions {
  /** How long an RPC may take if its client sets no earlier deadline, in milliseconds. @default 60_000 */
  readonly limitMs?: number;
  /** Called for an RPC that fails after its deadline, when it was answered already. */
  readonly onLateFailure?: (error: unknown, request: Pick<UnaryRequest, 'contextValues'>) => void;
}

/**
 * The interceptor for a Connect server that answers `deadline_exceeded` when the client's timeout (`Connect-Timeout-Ms`,
 * `grpc-timeout`) or the server's limit is over. The handler is not interrupted; it can listen to the signal of its context.
 * See the example of `connectErrorAnswers`.
 */
export function connectDeadlineInterceptor({ limitMs = 60_000, onLateFailure }: DeadlineOptions = {}): Interceptor {
  return (next) => async (request) => {
    if (request.stream) return next(request);
    const { signal } = request;
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const expireByClient = () => {
      const reason: unknown = signal.reason;
      if (reason instanceof ConnectError && reason.code === Code.DeadlineExceeded) reject(reason);
    };
    signal.addEventListener('abort', expireByClient);
    let isOver = false;
    const work = next(request).catch((error: unknown) => {
      if (isOver) onLateFailure?.(error, request);
      throw error;
    });
    try {
      return await within(Promise.race([work, expired]), limitMs, () => {
        throw new ConnectError(`the RPC did not finish within ${limitMs} ms`, Code.DeadlineExceeded);
      });
    } finally {
      isOver = true;
      signal.removeEventListener('abort', expireByClient);
    }
  };
}
