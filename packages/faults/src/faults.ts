import type { Catalogue, Logger } from '@vmobs/telemetry';
import type { EndFault, Fault } from './fault.ts';
import { type FaultRequest, readRequest } from './fault-request.ts';
import { FaultRequestError } from './parameters.ts';

/** A fault that is on. */
export interface Activation extends FaultRequest {
  /** Unix time in milliseconds. */
  readonly sinceMs: number;
}

/** The client that requested a change, for the log. */
export interface Requester {
  readonly remoteAddress: string;
}

/** The faults of a service, and which of them are on. */
export interface Faults {
  readonly all: readonly Fault[];
  /** @throws FaultRequestError 404 that lists the known faults */
  find(name: string): Fault;
  activationOf(fault: Fault): Activation | undefined;
  /**
   * Switches a fault on. A fault that is already on restarts with the new values.
   *
   * @throws FaultRequestError 400 with the allowed values
   */
  switchOn(fault: Fault, body: unknown, by: Requester): void;
  switchOff(fault: Fault, by: Requester): void;
  /** @returns the names of the faults that were on */
  switchAllOff(by: Requester): string[];
  /** Ends all faults. */
  close(): void;
}

/** Options of `createFaults`. */
export interface FaultsOptions {
  readonly faults: readonly Fault[];
  readonly metrics: Catalogue;
  readonly logger: Logger;
}

/** Makes the switchboard of a service's faults, all of them off. Metrics show which are on, and the log has each change. */
export function createFaults({ faults: all, metrics, logger }: FaultsOptions): Faults {
  const running = new Map<Fault, { readonly activation: Activation; readonly end: EndFault; timer?: NodeJS.Timeout }>();
  const names = all.map(({ name }) => name);

  metrics.observed({
    type: 'gauge',
    name: 'sim_fault_active',
    help: 'Whether a fault is on: 1 while it is.',
    labels: { fault: names },
    read: () => all.map((fault) => [{ fault: fault.name }, running.has(fault) ? 1 : 0] as const),
  });
  metrics.observed({
    type: 'gauge',
    name: 'sim_fault_size',
    help: 'Size of a fault that is on, in the unit that /sim/faults gives; 0 while it is off.',
    labels: { fault: names },
    read: () => all.map((fault) => [{ fault: fault.name }, running.get(fault)?.activation.values.size ?? 0] as const),
  });

  function end(fault: Fault, fields: object): boolean {
    const one = running.get(fault);
    if (one === undefined) return false;
    running.delete(fault);
    clearTimeout(one.timer);
    one.end();
    logger.info({ fault: fault.name, ...fields }, 'fault is off');
    return true;
  }

  return {
    all,
    find(name) {
      const fault = all.find((one) => one.name === name);
      if (fault === undefined) {
        throw new FaultRequestError(404, `unknown fault ${JSON.stringify(name)}; known are ${names.join(', ')}`);
      }
      return fault;
    },
    activationOf: (fault) => running.get(fault)?.activation,
    switchOn(fault, body, { remoteAddress }) {
      const sinceMs = Date.now();
      const { values, untilMs } = readRequest(fault, body, sinceMs);
      const requester = { remote_address: remoteAddress };
      end(fault, { reason: 'restarted', ...requester });
      const endFault = fault.begin(values, { logger });
      running.set(fault, {
        activation: { values, sinceMs, untilMs },
        end: endFault,
        ...(untilMs !== undefined && {
          timer: setTimeout(() => end(fault, { reason: 'expired' }), untilMs - sinceMs),
        }),
      });
      const until = untilMs === undefined ? null : new Date(untilMs).toISOString();
      logger.warn({ fault: fault.name, ...values, until, ...requester }, 'fault is on');
    },
    switchOff(fault, { remoteAddress }) {
      end(fault, { reason: 'switched off', remote_address: remoteAddress });
    },
    switchAllOff({ remoteAddress }) {
      const ended = all.filter((fault) => end(fault, { reason: 'all switched off', remote_address: remoteAddress }));
      return ended.map(({ name }) => name);
    },
    close() {
      for (const fault of all) end(fault, { reason: 'service shutdown' });
    },
  };
}
