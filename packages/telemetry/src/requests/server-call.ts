import { type Context, createContextKey, type Span } from '@opentelemetry/api';
import type { HttpRecorder } from './http-metrics.ts';
import type { RpcCode } from './rpc-codes.ts';
import type { RpcRecorder } from './rpc-metrics.ts';

/** What all requests of one method to one route have in common. */
export interface CalledRoute {
  /** The method as a label. */
  readonly method: string;
  /** Pattern of the route, or `unmatched`. */
  readonly route: string;
  /** Such as `vmprovisioner.v1.VmService/CreateVm`; `undefined` when it is no RPC. */
  readonly procedure: string | undefined;
  /** Counts one that has ended, by its HTTP status or by the code of its RPC. */
  readonly record: { readonly http: HttpRecorder } | { readonly rpc: RpcRecorder };
}

/** One request to the server while it runs: what the HTTP hooks and the RPC interceptor tell each other about it. */
export interface ServerCall {
  readonly route: CalledRoute;
  readonly span: Span;
  /** When it arrived, on the clock of `performance.now()`. */
  readonly startedAt: number;
  /** How an RPC ended; unset until its handler has answered. */
  rpcCode?: RpcCode;
  /** What its handler threw. */
  error?: Error;
}

const callKey = createContextKey('vmobs.server-call');

/** Puts a call into a context. */
export function withServerCall(context: Context, call: ServerCall): Context {
  return context.setValue(callKey, call);
}

/** The call that a context belongs to, if it belongs to one. */
export function serverCallOf(context: Context): ServerCall | undefined {
  // Only `withServerCall` sets this key.
  return context.getValue(callKey) as ServerCall | undefined;
}
