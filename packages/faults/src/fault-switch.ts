import { setTimeout as sleep } from 'node:timers/promises';
import { defineFault, type Fault, type FaultDefinition } from './fault.ts';
import type { ParameterTable, ValuesOf } from './parameters.ts';

/** A fault that does nothing by itself: who is to be disturbed asks whether it is on. */
export interface FaultSwitch<Parameters extends ParameterTable> {
  readonly fault: Fault;
  /** What was asked for; `undefined` while it is off. */
  readonly values: ValuesOf<Parameters> | undefined;
  /** Waits, but not beyond the end of the fault, nor after a signal: what a fault has delayed goes on when it is over. */
  hold(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Makes a fault that is asked for its values where it strikes. */
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
      // It rejects when one of the signals ends it, which is no error here.
      await sleep(milliseconds, undefined, { signal: AbortSignal.any(ends) }).catch(() => undefined);
    },
  };
}
