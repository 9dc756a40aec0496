import type { FastifyInstance } from 'fastify';
import type { Fault } from './fault.ts';
import { FaultRequestError } from './fault-request-error.ts';
import type { Faults } from './faults.ts';
import type { ParameterTable, ValuesOf } from './parameters.ts';
import { requestSchema } from './read-request.ts';

/** Whether a fault is on. */
export interface FaultState {
  readonly name: string;
  /** How it was switched on; null while it is off. */
  readonly active: {
    readonly values: ValuesOf<ParameterTable>;
    /** ISO 8601, as `until` is. */
    readonly since: string;
    readonly until: string | null;
  } | null;
}

/** A fault, what can be said about it, and whether it is on. */
export interface FaultPage extends FaultState {
  readonly description: string;
  /** JSON Schema of what `PUT` takes. */
  readonly schema: object;
}

interface Named {
  readonly Params: { readonly name: string };
}

/** A request has a few numbers. */
const bodyLimit = 4_096;

/**
 * Adds `/sim/faults`, which lists all faults, and `/sim/faults/<name>`: `GET` says how a fault can be switched on and
 * whether it is, `PUT` switches it on, `DELETE` off. `DELETE /sim/faults` switches all off.
 *
 * The part of the application that it is added to reads every body as JSON, whatever its media type says, so that a plain
 * `curl -X PUT -d` will do.
 *
 * @example
 * ```ts
 * await app.register(async (sim) => {
 *   requireToken(sim, token);
 *   addFaultRoutes(sim, faults);
 * });
 * ```
 */
export function addFaultRoutes(app: FastifyInstance, faults: Faults): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (_request, body, parsed) => {
    try {
      parsed(null, body === '' ? undefined : JSON.parse(String(body)));
    } catch {
      parsed(new FaultRequestError(400, 'the body is not JSON; allowed is an object such as {"size": 1, "for": "5m"}'));
    }
  });

  function stateOf(fault: Fault): FaultState {
    const activation = faults.activationOf(fault);
    if (activation === undefined) return { name: fault.name, active: null };
    const { values, sinceMs, untilMs } = activation;
    const until = untilMs === undefined ? null : new Date(untilMs).toISOString();
    return { name: fault.name, active: { values, since: new Date(sinceMs).toISOString(), until } };
  }

  function describe(fault: Fault): FaultPage {
    return { ...stateOf(fault), description: fault.description, schema: requestSchema(fault) };
  }

  app.get('/sim/faults', () => ({ faults: faults.all.map(describe) }));
  app.get<Named>('/sim/faults/:name', ({ params }) => describe(faults.find(params.name)));
  app.put<Named>('/sim/faults/:name', ({ params, body, ip }) => {
    const fault = faults.find(params.name);
    faults.switchOn(fault, body, { remoteAddress: ip });
    return stateOf(fault);
  });
  app.delete<Named>('/sim/faults/:name', ({ params, ip }) => {
    const fault = faults.find(params.name);
    faults.switchOff(fault, { remoteAddress: ip });
    return stateOf(fault);
  });
  app.delete('/sim/faults', ({ ip }) => ({ switched_off: faults.switchAllOff({ remoteAddress: ip }) }));
}
