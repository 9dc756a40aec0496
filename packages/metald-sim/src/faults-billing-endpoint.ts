import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';

/**
 * Makes the faults between metald and billaged, as interceptors of the client: `outer` goes first in its list and `inner`
 * last, so that spans and timeouts in between see what a network would do.
 */
export function createBillingEndpointFaults(chance: Chance) {
  const failing = createFaultSwitch({
    name: 'billing-endpoint-failing',
    description:
      'billaged cannot be reached: batches wait in the spool and are tried again, notices and heartbeats as well.',
    parameters: { size: probability(1, 'share of calls that fail') },
  });
  const slow = createFaultSwitch({
    name: 'billing-endpoint-slow',
    description: 'Calls of billaged take longer. The client gives one up after 10 s, and that is a failure.',
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
    description:
      'Batches that billaged has acknowledged are sent again, as when an answer is lost. They are billed once.',
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
    // How the second one ends changes nothing: the first is acknowledged.
    if (request.method.name === 'SendMetricsBatch' && chance(duplicates.values?.size)) {
      await next(request).catch(() => undefined);
    }
    return response;
  };

  return { faults: [failing.fault, slow.fault, duplicates.fault], outer, inner };
}
