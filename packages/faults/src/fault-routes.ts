import type { FastifyInstance } from 'fastify';
import type { Fault } from './fault.ts';
import { requestSchema } from './fault-request.ts';
import type { Faults } from './faults.ts';
import type { ParameterTable, ValuesOf } from './parameters.ts';
import { FaultRequestError } from './parameters.ts';

/** Whether a fault is on. */
export interface FaultState {
  readonly name: string;
  /** The values of the request that switched it on; null while it is off. */
  readonly active: {
    readonly values: ValuesOf<ParameterTable>;
    /** ISO 8601, like `until`. */
    readonly since: string;
    readonly until: string | null;
  } | null;
}

/** A fault with its description, its parameters and its state. */
export interface FaultPage extends FaultState {
  readonly description: string;
  /** JSON Schema of the body of `PUT`. */
  readonly schema: object;
}

interface Named {
  readonly Params: { readonly name: string };
}

/** Maximum size of a request in bytes: it has a few numbers. */
const bodyLimit = 4_096;

/**
 * Adds `/sim/faults`, which lists all faults, and `/sim/faults/<name>`: `GET` describes a fault and its state, `PUT`
 * switches it on, `DELETE` off. `DELETE /sim/faults` switches all off.
 *
 * This part of the application reads every body as JSON, whatever its content type, so that a plain `curl -X PUT -d`
 * works.
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
      parsed(new FaultRequestError(400, 'the body is not JSON; send an object such as {"size": 1, "for": "5m"}'));
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
