import { setImmediate as turn } from 'node:timers/promises';

/** An operation that the hypervisor has begun and not ended. */
export interface HeldOperation {
  readonly operation: string;
  readonly vmId: string;
  succeed(): void;
  fail(reason: string): void;
}

/** A hypervisor that ends operations only when it is told to. */
export interface HeldHypervisor {
  perform(operation: string, vmId: string): Promise<void>;
  /** What is under way, in the order in which it has begun. */
  readonly held: readonly HeldOperation[];
  /** Waits until a call has its outcome or has begun an operation. @returns the operation that it has begun */
  begins(call: Promise<unknown>): Promise<HeldOperation | undefined>;
}

/** Makes a hypervisor that holds every operation. */
export function createHeldHypervisor(): HeldHypervisor {
  const held: HeldOperation[] = [];
  let begun: HeldOperation | undefined;
  return {
    held,
    async perform(operation, vmId) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const end = (settle: () => void) => {
        held.splice(held.indexOf(entry), 1);
        settle();
      };
      const entry: HeldOperation = {
        operation,
        vmId,
        succeed: () => end(resolve),
        fail: (reason) => end(() => reject(new Error(reason))),
      };
      held.push(entry);
      begun = entry;
      return promise;
    },
    async begins(call) {
      begun = undefined;
      let hasOutcome = false;
      const settle = () => {
        hasOutcome = true;
      };
      call.then(settle, settle);
      while (!hasOutcome && begun === undefined) await turn();
      return begun;
    },
  };
}
