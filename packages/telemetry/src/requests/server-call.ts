import { AsyncResource } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { type Context, context, createContextKey, type Span } from '@opentelemetry/api';
import type { HttpRecorder } from './http-metrics.ts';
import type { RpcCode } from './rpc-codes.ts';
import type { RpcRecorder } from './rpc-metrics.ts';

/** What all requests of one method to one route share. */
export interface CalledRoute {
  /** The method as a label. */
  readonly method: string;
  /** Pattern of the route, or `unmatched`. */
  readonly route: string;
  /** Such as `vmprovisioner.v1.VmService/CreateVm`; `undefined` for a request that is not an RPC. */
  readonly procedure: string | undefined;
  /** Counts a call that has ended, by its HTTP status or by its RPC code. */
  readonly record: { readonly http: HttpRecorder } | { readonly rpc: RpcRecorder };
}

/** One request to the server while it runs. The HTTP hooks and the RPC interceptor share it. */
export interface ServerCall {
  readonly route: CalledRoute;
  readonly span: Span;
  /** When it arrived, on the clock of `performance.now()`. */
  readonly startedAt: number;
  /** The code of an RPC; unset until its handler has answered. */
  rpcCode?: RpcCode;
  /** Whether it broke the protocol, which is the fault of the client whatever code the protocol has for it. */
  isMalformed?: boolean;
  /** The error of its handler. */
  error?: Error;
}

const callKey = createContextKey('vmobs.server-call');

/** Puts a call into a context. */
export function withServerCall(callContext: Context, call: ServerCall): Context {
  return callContext.setValue(callKey, call);
}

/** The call of a context, if it has one. */
export function serverCallOf(callContext: Context): ServerCall | undefined {
  // Only `withServerCall` sets this key.
  return callContext.getValue(callKey) as ServerCall | undefined;
}

/** Runs a function in the context of one request. */
export type InContext = AsyncResource['runInAsyncScope'];

/**
 * Binds a context for later use. Entering it takes a twentieth of the time of `context.with`, which copies the store each time,
 * and a request enters its context ten times.
 */
export function enterLater(callContext: Context): InContext {
  const resource = context.with(callContext, () => new AsyncResource('vmobs.request'));
  return resource.runInAsyncScope.bind(resource);
}

/**
 * Makes the listeners of an emitter run in a context. Node emits the events of a request and its response in the context of
 * their connection: without this, a line that a listener logs when a body was read or a client has left would have no trace.
 */
export function keepContext(emitter: EventEmitter, inContext: InContext): void {
  const { emit } = emitter;
  emitter.emit = (event: string | symbol, ...values: unknown[]) =>
    // Most events have no listener.
    event !== 'error' && emitter.listenerCount(event) === 0 ? false : inContext(emit, emitter, event, ...values);
}
