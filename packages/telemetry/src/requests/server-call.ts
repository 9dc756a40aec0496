import { type Context, createContextKey, type Span } from '@opentelemetry/api';
import type { RpcCode } from './rpc-codes.ts';

/** One request to the server while it runs: what the HTTP hooks and the RPC interceptor tell each other about it. */
export interface ServerCall {
  readonly span: Span;
  /** Set when the request is an RPC. */
  readonly rpc?: RpcCall;
  /** What its handler threw. */
  error?: Error;
}

/** An RPC and how it ended. */
export interface RpcCall {
  /** Such as `CreateVm`. */
  readonly method: string;
  /** Such as `vmprovisioner.v1.VmService/CreateVm`. */
  readonly procedure: string;
  /** Unset until its handler has answered. */
  code?: RpcCode;
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
