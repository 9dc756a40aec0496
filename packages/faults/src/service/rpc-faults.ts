import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Chance } from '../chance.ts';
import { createFaultSwitch } from '../fault-switch.ts';
import { probability } from '../parameters.ts';

/** The codes that `api-errors` can return, by name. */
const codes = {
  unavailable: Code.Unavailable,
  internal: Code.Internal,
  unknown: Code.Unknown,
  deadline_exceeded: Code.DeadlineExceeded,
  resource_exhausted: Code.ResourceExhausted,
  data_loss: Code.DataLoss,
} as const;

/**
 * Makes the faults of a Connect API. They take effect in the innermost interceptor of the server, or in `beforeRpc` for an
 * RPC that does not pass through interceptors.
 */
export function createRpcFaults(chance: Chance) {
  const errors = createFaultSwitch({
    name: 'api-errors',
    description: 'RPCs fail before they have any effect. With the code internal, the error is an uncaught one.',
    parameters: {
      size: probability(0.5, 'share of RPCs that fail'),
      code: {
        type: 'string',
        description: 'code of the error',
        enum: ['unavailable', 'internal', 'unknown', 'deadline_exceeded', 'resource_exhausted', 'data_loss'],
        default: 'unavailable',
      },
    },
  });
  const latency = createFaultSwitch({
    name: 'api-latency',
    description: 'RPCs take longer. An RPC whose client gives up meanwhile is not started.',
    parameters: {
      size: {
        type: 'number',
        description: 'time added to an RPC',
        unit: 'ms',
        minimum: 1,
        maximum: 60_000,
        default: 1_000,
      },
    },
  });

  async function beforeRpc(signal?: AbortSignal): Promise<void> {
    if (latency.values !== undefined) {
      await latency.hold(latency.values.size, signal);
      signal?.throwIfAborted();
    }
    if (errors.values !== undefined && chance(errors.values.size)) throw errorWith(errors.values.code);
  }

  const interceptor: Interceptor = (next) => async (request) => {
    await beforeRpc(request.signal);
    return next(request);
  };

  return { faults: [errors.fault, latency.fault], interceptor, beforeRpc };
}

function errorWith(code: keyof typeof codes): Error {
  const message = 'the fault api-errors is on';
  // Connect answers `internal` for any other error of a handler, and services count it as an internal error.
  return code === 'internal' ? new Error(message) : new ConnectError(message, codes[code]);
}
