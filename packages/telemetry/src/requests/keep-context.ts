import type { EventEmitter } from 'node:events';
import { type Context, context } from '@opentelemetry/api';

/**
 * Has the listeners of an emitter run in a context. Node emits the events of a request and its response in the context of
 * their connection: without this, what a listener logs when a body has been read or a client has gone would belong to no
 * trace.
 */
export function keepContext(emitter: EventEmitter, callContext: Context): void {
  const { emit } = emitter;
  emitter.emit = (event: string | symbol, ...values: unknown[]) =>
    // Most events have no listener, and to enter a context costs more than to look.
    event !== 'error' && emitter.listenerCount(event) === 0
      ? false
      : context.with(callContext, emit, emitter, event, ...values);
}
