import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';

/**
 * Makes the faults between metald and billaged, as interceptors of the client: `outer` is the first of its list and
 * `inner` the last, so that spans and timeouts between them see the same as with a real network.
 */
export function createBillingEndpointFaults(chance: Chance) {
  const failing = createFaultSwitch({
    name: 'billing-endpoint-failing',
    description: 'billaged cannot be reached: batches and notices wait in the spool and are retried, heartbeats fail.',
    parameters: { size: probability(1, 'share of calls that fail') },
  });
  const slow = createFaultSwitch({
    name: 'billing-endpoint-slow',
    description: 'Calls of billaged take longer. A call that takes more than 10 s fails.',
    parameters: {
      size: {
        type: 'number',
        description: 'time added to a call',
        unit: 'ms',
        minimum: 1,
        maximum: 60_000,
        default: 2_000,
      },
    },
  });
  const duplicates = createFaultSwitch({
    name: 'duplicate-sends',
    description: 'Acknowledged batches are sent again, as after a lost response. They are billed once.',
    parameters: { size: probability(0.2, 'share of batches that are sent twice') },
  });

  const inner: Interceptor = (next) => async (request) => {
    if (slow.values !== undefined) {
      await slow.hold(slow.values.size, request.signal);
      request.signal.throwIfAborted();
    }
    if (chance(failing.values?.size)) {
      throw new ConnectError(`connect ECONNREFUSED ${new URL(request.url).host}`, Code.Unavailable);
    }
    return next(request);
  };

  const outer: Interceptor = (next) => async (request) => {
    const response = await next(request);
    // The outcome of the second call does not matter: the first one is acknowledged.
    if (request.method.name === 'SendMetricsBatch' && chance(duplicates.values?.size)) {
      await next(request).catch(() => undefined);
    }
    return response;
  };

  return { faults: [failing.fault, slow.fault, duplicates.fault], outer, inner };
}
