import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault, type Fault, type FaultDefinition } from './fault.ts';
import type { ParameterTable, ValuesOf } from './parameters.ts';

/** A fault that does nothing by itself: the code that it affects checks whether it is on. */
export interface FaultSwitch<Parameters extends ParameterTable> {
  readonly fault: Fault;
  /** The values of the request; `undefined` while it is off. */
  readonly values: ValuesOf<Parameters> | undefined;
  /** Waits, at most until the fault ends or the signal aborts: delayed work continues when the fault is over. */
  hold(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Makes a fault whose values are read where it takes effect. */
export function createFaultSwitch<const Parameters extends ParameterTable>(
  definition: Omit<FaultDefinition<Parameters>, 'begin'>,
): FaultSwitch<Parameters> {
  let current: { readonly values: ValuesOf<Parameters>; readonly over: AbortController } | undefined;

  return {
    fault: defineFault({
      ...definition,
      begin(values: ValuesOf<Parameters>) {
        const begun = { values, over: new AbortController() };
        current = begun;
        return () => {
          current = undefined;
          begun.over.abort();
        };
      },
    }),
    get values() {
      return current?.values;
    },
    async hold(milliseconds, signal) {
      if (current === undefined) return;
      const ends = [current.over.signal, ...(signal === undefined ? [] : [signal])];
      // It rejects when a signal aborts it, which is not an error here.
      await sleep(milliseconds, undefined, { signal: AbortSignal.any(ends) }).catch(() => undefined);
    },
  };
}
