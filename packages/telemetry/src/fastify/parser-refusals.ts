import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { codeOf } from '@vmobs/settings';
import type { Logger } from '../logs/logger.ts';
import { type HttpMetrics, otherMethod, unmatchedRoute } from '../requests/http-metrics.ts';

/** Least time between two lines, in milliseconds: a client can send broken requests as fast as it likes. */
const lineEveryMs = 10_000;

/** Counts and logs what the HTTP parser refuses: it reaches no route and no hook. */
export interface ParserRefusals {
  /** Notes a request that has reached a hook: it is counted there, even if the rest of it is refused. */
  note(request: IncomingMessage, response: ServerResponse): void;
}

/** Watches a server for requests in HTTP/1.1 that its parser refuses. Whoever answers them is not changed. */
export function watchParserRefusals(
  server: Server,
  { http, logger }: { readonly http: HttpMetrics; readonly logger: Pick<Logger, 'warn'> },
): ParserRefusals {
  const latest = new WeakMap<Socket, ServerResponse>();
  const record = http.recorder(otherMethod, unmatchedRoute);
  let notBefore = 0;
  let leftOut = 0;
  server.prependListener('clientError', (error, socket) => {
    const status = statusOf(error);
    if (status === undefined || isRunning(latest, socket)) return;
    record(status, 0);
    if (performance.now() < notBefore) {
      leftOut += 1;
      return;
    }
    notBefore = performance.now() + lineEveryMs;
    logger.warn({ error: error.message, status, left_out: leftOut }, 'http request could not be parsed');
    leftOut = 0;
  });
  return {
    note({ socket }, response) {
      latest.set(socket, response);
    },
  };
}

function isRunning(latest: WeakMap<object, ServerResponse>, socket: object): boolean {
  const response = latest.get(socket);
  return response !== undefined && !response.writableFinished && !response.closed;
}

/** The status that answers a refusal of the parser; `undefined` for a connection that failed. */
function statusOf(error: Error): number | undefined {
  const code = codeOf(error);
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  // A client that leaves in the middle of a request is not refused.
  return code?.startsWith('HPE_') === true && code !== 'HPE_INVALID_EOF_STATE' ? 400 : undefined;
}
