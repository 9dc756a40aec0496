import { Code, ConnectError, type Interceptor, type UnaryRequest } from '@connectrpc/connect';

/** Options of `connectDeadlineInterceptor`. */
export interface DeadlineOptions {
  /** How long an RPC may take when its client has set no earlier deadline, in milliseconds. @default 60_000 */
  readonly limitMs?: number;
  /** Is told of an RPC that failed after its deadline, when its client has its answer already. */
  readonly onLateFailure?: (error: unknown, request: Pick<UnaryRequest, 'contextValues'>) => void;
}

/**
 * The interceptor for a Connect server that answers `deadline_exceeded` when the time that the client has set
 * (`Connect-Timeout-Ms`, `grpc-timeout`) or the limit of the server is over. What the RPC has begun goes on to its end:
 * whoever wants to stop it listens to the signal of its context.
 * The example of `connectErrorAnswers` has it.
 */
export function connectDeadlineInterceptor({ limitMs = 60_000, onLateFailure }: DeadlineOptions = {}): Interceptor {
  return (next) => async (request) => {
    if (request.stream) return next(request);
    const { signal } = request;
    const { promise: expired, reject } = Promise.withResolvers<never>();
    const expireByServer = () =>
      reject(new ConnectError(`it was not done within ${limitMs} ms`, Code.DeadlineExceeded));
    const expireByClient = () => {
      const reason: unknown = signal.reason;
      if (reason instanceof ConnectError && reason.code === Code.DeadlineExceeded) reject(reason);
    };
    const timer = setTimeout(expireByServer, limitMs);
    signal.addEventListener('abort', expireByClient);
    let isOver = false;
    const work = next(request).catch((error: unknown) => {
      if (isOver) onLateFailure?.(error, request);
      throw error;
    });
    try {
      return await Promise.race([work, expired]);
    } finally {
      isOver = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', expireByClient);
    }
  };
}
