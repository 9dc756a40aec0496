import type { IncomingHttpHeaders } from 'node:http';
import { longestTimerMs } from '../deadlines/timer-limit.ts';

/** Milliseconds of the units of `grpc-timeout`. @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * Removes the deadlines of an RPC that no timer of Node can hold: Connect for Node makes a timer from each of them, and one of
 * more than 24 days would fire at once. Without it the RPC has no deadline of its client, which is the same for any real RPC.
 *
 * Malformed values stay, for Connect to refuse.
 *
 * @param headers of the request, which are changed
 */
export function dropLongDeadlines(headers: IncomingHttpHeaders): void {
  const connect = headers['connect-timeout-ms'];
  if (typeof connect === 'string' && /^\d{1,10}$/.test(connect) && Number(connect) > longestTimerMs) {
    delete headers['connect-timeout-ms'];
  }
  const grpc = headers['grpc-timeout'];
  if (typeof grpc !== 'string') return;
  const [, amount, unit = ''] = /^(\d{1,8})([HMSmun])$/.exec(grpc) ?? [];
  if (Number(amount) * (unitMs[unit] ?? 0) > longestTimerMs) delete headers['grpc-timeout'];
}
