import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import type { Chance } from '../chance.ts';
import { createFaultSwitch } from '../fault-switch.ts';
import { probability } from '../parameters.ts';

/** The codes that an RPC can be made to fail with, by their words. */
const codes = {
  unavailable: Code.Unavailable,
  internal: Code.Internal,
  unknown: Code.Unknown,
  deadline_exceeded: Code.DeadlineExceeded,
  resource_exhausted: Code.ResourceExhausted,
  data_loss: Code.DataLoss,
} as const;

/**
 * Makes the faults of an API over Connect, and where they strike: the innermost interceptor of the server, and `beforeRpc`
 * for an RPC that has a route of its own.
 */
export function createRpcFaults(chance: Chance) {
  const errors = createFaultSwitch({
    name: 'api-errors',
    description: 'RPCs fail before anything is done. With the code internal it is an error that nobody has caught.',
    parameters: {
      size: probability(0.5, 'share of RPCs that fail'),
      code: {
        type: 'string',
        description: 'code that they fail with',
        enum: ['unavailable', 'internal', 'unknown', 'deadline_exceeded', 'resource_exhausted', 'data_loss'],
        default: 'unavailable',
      },
    },
  });
  const latency = createFaultSwitch({
    name: 'api-latency',
    description: 'RPCs take longer. One whose client gives up earlier is not begun.',
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
  // Connect answers `internal` for whatever a handler throws, and services count it as a fault of their own.
  return code === 'internal' ? new Error(message) : new ConnectError(message, codes[code]);
}
