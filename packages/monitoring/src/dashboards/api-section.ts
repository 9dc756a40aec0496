import { PercentUnit, RequestsPerSecond, Seconds } from '@grafana/grafana-foundation-sdk/units';
import type { Threshold } from './alert-thresholds.ts';
import { alertWindow, perSecond, quantile, ratio, type Service, select } from './panel-expressions.ts';
import { table, timeSeries } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

/** Requests, errors and durations of the RPCs of a service, with the objective for its p99 if it has one. */
export function apiSection(service: Service, objective?: Threshold): Section {
  return {
    title: 'API',
    height: 8,
    lines: [
      requestPanels(service),
      [latencyPanel(service, objective), methodTable(service)],
      [methodLatency(service, 0.5), methodLatency(service, 0.95), methodLatency(service, 0.99)],
    ],
  };
}

const requestsOf = (service: Service) => `${service}_api_requests_total`;
const errorsOf = (service: Service) => select(`${service}_api_errors_total`);
const durationsOf = (service: Service) => `${service}_api_duration_seconds`;
const noRequests = (service: Service) => `No request to ${service} was seen in this time`;

/** How many RPCs end, and how. */
function requestPanels(service: Service): Section['lines'][number] {
  const requests = select(requestsOf(service));
  const errors = errorsOf(service);
  const whenEmpty = notScraped(service);
  return [
    timeSeries({
      title: 'API requests by method',
      description: 'RPCs that ended, per second.',
      unit: RequestsPerSecond,
      whenEmpty,
      stacked: true,
      queries: [{ expr: perSecond(requests, { by: 'method' }), legend: '{{method}}' }],
    }),
    timeSeries({
      title: 'API requests by code',
      description: 'RPCs that ended, per second, by Connect code. Codes other than ok are shown while they occur.',
      unit: RequestsPerSecond,
      whenEmpty,
      stacked: true,
      queries: [
        { expr: perSecond(select(requestsOf(service), 'code="ok"')), legend: 'ok' },
        { expr: `${perSecond(select(requestsOf(service), 'code!="ok"'), { by: 'code' })} > 0`, legend: '{{code}}' },
      ],
    }),
    timeSeries({
      title: 'API errors',
      description: 'RPCs per second that ended with a server error code; methods and codes are shown while they occur.',
      unit: RequestsPerSecond,
      whenEmpty,
      queries: [
        { expr: perSecond(errors), legend: 'all' },
        { expr: `${perSecond(errors, { by: 'method, code' })} > 0`, legend: '{{method}} - {{code}}' },
      ],
    }),
  ];
}

/** How long RPCs take, over all methods. */
function latencyPanel(service: Service, objective: Threshold | undefined) {
  const durations = durationsOf(service);
  return timeSeries({
    title: 'API Latency',
    description: `From the arrival of an RPC to the end of its response, over all methods.${objective ? ' Dashed: the objective for p99.' : ''}`,
    unit: Seconds,
    whenEmpty: noRequests(service),
    threshold: objective,
    queries: [
      { expr: quantile(0.5, durations), legend: 'p50' },
      { expr: quantile(0.95, durations), legend: 'p95' },
      { expr: quantile(0.99, durations), legend: 'p99', exemplars: true },
    ],
  });
}

/** How long the RPCs of each method take. */
function methodLatency(service: Service, share: number) {
  return timeSeries({
    title: `API latency p${share * 100} by method`,
    description: `The latency that ${share * 100} % of the RPCs of a method do not exceed, from arrival to the end of the response.`,
    unit: Seconds,
    whenEmpty: noRequests(service),
    queries: [{ expr: quantile(share, durationsOf(service), { by: 'method' }), legend: '{{method}}' }],
  });
}

/** The current rate, errors and latency of each method. */
function methodTable(service: Service) {
  const requests = select(requestsOf(service));
  const errors = errorsOf(service);
  const durations = durationsOf(service);
  return table({
    title: 'API methods now',
    description: 'Each method over the last 5 minutes. Methods without calls have no error share and no latency.',
    unit: Seconds,
    whenEmpty: 'no calls',
    rowLabel: 'method',
    columns: [
      {
        title: 'Requests/s',
        expr: perSecond(requests, { by: 'method', window: alertWindow }),
        unit: RequestsPerSecond,
      },
      {
        title: 'Errors',
        expr: ratio(
          perSecond(errors, { by: 'method', window: alertWindow }),
          perSecond(requests, { by: 'method', window: alertWindow }),
        ),
        unit: PercentUnit,
      },
      ...[0.5, 0.95, 0.99].map((share) => ({
        title: `p${share * 100}`,
        expr: quantile(share, durations, { by: 'method', window: alertWindow }),
        unit: Seconds,
      })),
    ],
  });
}
