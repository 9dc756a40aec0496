import { AsyncResource } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import { type Context, context } from '@opentelemetry/api';

/** Runs something in the context of one request. */
export type InContext = AsyncResource['runInAsyncScope'];

/**
 * Keeps a context for what happens later in it. To enter it this way takes a twentieth of what `context.with` does, which
 * copies what is in it each time, and a request is entered ten times.
 */
export function enterLater(callContext: Context): InContext {
  const resource = context.with(callContext, () => new AsyncResource('vmobs.request'));
  return resource.runInAsyncScope.bind(resource);
}

/**
 * Has the listeners of an emitter run in a context. Node emits the events of a request and its response in the context of
 * their connection: without this, what a listener logs when a body has been read or a client has gone would belong to no
 * trace.
 */
export function keepContext(emitter: EventEmitter, inContext: InContext): void {
  const { emit } = emitter;
  emitter.emit = (event: string | symbol, ...values: unknown[]) =>
    // Most events have no listener.
    event !== 'error' && emitter.listenerCount(event) === 0 ? false : inContext(emit, emitter, event, ...values);
}
