import type { ServerResponse } from 'node:http';
import type { MetricsHandler } from '@vmobs/telemetry';
import type { Chance } from '../chance.ts';
import { createFaultSwitch } from '../fault-switch.ts';
import { probability } from '../parameters.ts';

/** Makes the faults of the metrics endpoint, and what is put around its handler. */
export function createMetricsFaults(chance: Chance) {
  const slow = createFaultSwitch({
    name: 'metrics-slow',
    description: 'Each scrape of /metrics takes longer. Prometheus breaks off those beyond its timeout.',
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
    description: 'Scrapes of /metrics fail, and the service works as before: it looks dead and is not.',
    parameters: {
      size: probability(1, 'share of scrapes that fail'),
      how: {
        type: 'string',
        description: 'answered with 503, or the connection is reset',
        enum: ['503', 'reset'],
        default: '503',
      },
    },
  });

  const around =
    (handler: MetricsHandler): MetricsHandler =>
    async (request, response) => {
      if (slow.values !== undefined) await slow.hold(slow.values.size, untilClosed(response));
      if (!chance(down.values?.size)) return handler(request, response);
      if (down.values?.how === 'reset') request.socket.resetAndDestroy();
      else response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end('service unavailable\n');
    };

  return { faults: [slow.fault, down.fault], around };
}

/** Ends when whoever has asked is gone. */
function untilClosed(response: ServerResponse): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  return closed.signal;
}
