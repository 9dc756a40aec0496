import type { ServerResponse } from 'node:http';
import type { MetricsHandler } from '@vmobs/telemetry/exposition';
import type { Chance } from '../chance.ts';
import { createFaultSwitch } from '../fault-switch.ts';
import { probability } from '../parameters.ts';

/** Makes the faults of the metrics endpoint, and the wrapper of its handler. */
export function createMetricsFaults(chance: Chance) {
  const slow = createFaultSwitch({
    name: 'metrics-slow',
    description: 'Each scrape of /metrics takes longer. Prometheus aborts scrapes that exceed its timeout.',
    parameters: {
      size: {
        type: 'number',
        description: 'time added to a scrape',
        unit: 'ms',
        minimum: 1,
        maximum: 120_000,
        default: 6_000,
      },
    },
  });
  const down = createFaultSwitch({
    name: 'metrics-down',
    description: 'Scrapes of /metrics fail, so the service looks down although it works.',
    parameters: {
      size: probability(1, 'share of scrapes that fail'),
      how: {
        type: 'string',
        description: 'response 503, or a reset of the connection',
        enum: ['503', 'reset'],
        default: '503',
      },
    },
  });

  const wrap =
    (handler: MetricsHandler): MetricsHandler =>
    async (request, response) => {
      if (slow.values !== undefined) await slow.hold(slow.values.size, untilClosed(response));
      if (!chance(down.values?.size)) return handler(request, response);
      if (down.values?.how === 'reset') request.socket.resetAndDestroy();
      else response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end('service unavailable\n');
    };

  return { faults: [slow.fault, down.fault], wrap };
}

/** A signal that aborts when the client has disconnected. */
function untilClosed(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  return closed.signal;
}
