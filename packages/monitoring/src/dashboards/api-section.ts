import { PercentUnit, RequestsPerSecond, Seconds } from '@grafana/grafana-foundation-sdk/units';
import type { Threshold } from './alert-thresholds.ts';
import { alertWindow, perSecond, quantile, ratio, type Service, select } from './panel-expressions.ts';
import { table, timeSeries } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

/** Requests, errors and durations of the RPCs of a service, with the objective for its p99 if it has one. */
export function apiSection(service: Service, objective?: Threshold): Section {
  const requestsMetric = `${service}_api_requests_total`;
  const requests = select(requestsMetric);
  const errors = select(`${service}_api_errors_total`);
  const durations = `${service}_api_duration_seconds`;
  const whenEmpty = notScraped(service);
  const noRequests = `No request to ${service} was seen in this time`;

  const byMethod = (share: number, name: string) =>
    timeSeries({
      title: `API latency ${name} by method`,
      description: `What ${share * 100} % of the RPCs of a method stay under, from arrival to the end of the answer.`,
      unit: Seconds,
      whenEmpty: noRequests,
      queries: [{ expr: quantile(share, durations, { by: 'method' }), legend: '{{method}}' }],
    });

  return {
    title: 'API',
    height: 8,
    lines: [
      [
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
            { expr: perSecond(select(requestsMetric, 'code="ok"')), legend: 'ok' },
            { expr: `${perSecond(select(requestsMetric, 'code!="ok"'), { by: 'code' })} > 0`, legend: '{{code}}' },
          ],
        }),
        timeSeries({
          title: 'API errors',
          description:
            'RPCs per second that ended with a code that is the fault of the server; methods and codes are shown while they occur.',
          unit: RequestsPerSecond,
          whenEmpty,
          queries: [
            { expr: perSecond(errors), legend: 'all' },
            { expr: `${perSecond(errors, { by: 'method, code' })} > 0`, legend: '{{method}} - {{code}}' },
          ],
        }),
      ],
      [
        timeSeries({
          title: 'API Latency',
          description: `From the arrival of an RPC to the end of its answer, over all methods.${objective ? ' Dashed: the objective for p99.' : ''}`,
          unit: Seconds,
          whenEmpty: noRequests,
          threshold: objective,
          queries: [
            { expr: quantile(0.5, durations), legend: 'p50' },
            { expr: quantile(0.95, durations), legend: 'p95' },
            { expr: quantile(0.99, durations), legend: 'p99', exemplars: true },
          ],
        }),
        table({
          title: 'API methods now',
          description:
            'Each method over the last 5 minutes. Methods that nobody called have no share of errors and no latency.',
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
        }),
      ],
      [byMethod(0.5, 'p50'), byMethod(0.95, 'p95'), byMethod(0.99, 'p99')],
    ],
  };
}
