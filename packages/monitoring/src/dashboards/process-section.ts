import {
  BytesIEC,
  DurationSeconds,
  EventsPerSecond,
  PercentUnit,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import { alertThresholds } from './alert-thresholds.ts';
import { perSecond, type Service, select, selectShared, total } from './panel-expressions.ts';
import { timeSeries, type UnplacedPanel } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

/** The Node processes of a service, with the panels that only some services have at the end. */
export function processSection(service: Service, further: readonly UnplacedPanel[] = []): Section {
  const whenEmpty = notScraped(service);
  return {
    title: 'Process',
    height: 8,
    lines: [
      [
        timeSeries({
          title: 'Process CPU',
          description:
            'Processor time per second of each instance: 100 % is one processor, all that JavaScript can use.',
          unit: PercentUnit,
          whenEmpty,
          queries: [
            {
              expr: perSecond(select(`${service}_process_cpu_seconds_total`), { by: 'instance' }),
              legend: '{{instance}}',
            },
          ],
        }),
        timeSeries({
          title: 'Process memory',
          description: 'Resident memory of each instance. Dashed: HighMemoryUsage.',
          unit: BytesIEC,
          whenEmpty,
          threshold: alertThresholds.HighMemoryUsage[service],
          queries: [
            {
              expr: total(select(`${service}_process_resident_memory_bytes`), { by: 'instance' }),
              legend: '{{instance}}',
            },
          ],
        }),
        timeSeries({
          title: 'Uptime',
          description: 'Time since each instance started. A fall to 0 is a restart.',
          unit: DurationSeconds,
          whenEmpty,
          queries: [
            {
              expr: `time() - max by (instance) (${selectShared(service, 'process_start_time_seconds')})`,
              legend: '{{instance}}',
            },
          ],
        }),
      ],
      [
        timeSeries({
          title: 'Errors by component',
          description: `Errors inside ${service} per second, by the component where they arose. Dashed: HighErrorRate, for each.`,
          unit: EventsPerSecond,
          whenEmpty,
          threshold: alertThresholds.HighErrorRate,
          queries: [
            { expr: perSecond(select(`${service}_errors_total`), { by: 'component' }), legend: '{{component}}' },
          ],
        }),
        ...further,
        timeSeries({
          title: 'Requests in flight',
          description:
            'HTTP requests, RPCs among them, that have come and whose answer has not ended. A climb: more come than are answered.',
          unit: Short,
          whenEmpty: 'No request has come yet',
          stacked: true,
          queries: [
            {
              expr: total(selectShared(service, 'http_server_active_requests'), { by: 'instance' }),
              legend: '{{instance}}',
            },
          ],
        }),
      ],
      eventLoopAndResources(service, whenEmpty),
    ],
  };
}

function eventLoopAndResources(service: Service, whenEmpty: string): readonly UnplacedPanel[] {
  const shared = (metric: string, ...matchers: string[]) => selectShared(service, metric, ...matchers);
  return [
    timeSeries({
      title: 'Event loop lag',
      description:
        'How much later than asked for a timer fires: what a request waits before anything is done for it. Dashed: HighEventLoopLag, for the p99.',
      unit: Seconds,
      whenEmpty,
      threshold: alertThresholds.HighEventLoopLag,
      queries: [
        {
          expr: `max by (instance) (${shared('nodejs_eventloop_lag_p99_seconds')})`,
          legend: '{{instance}} p99',
        },
        {
          expr: `max by (instance) (${shared('nodejs_eventloop_lag_max_seconds')})`,
          legend: '{{instance}} longest',
        },
      ],
    }),
    timeSeries({
      title: 'Event loop utilization',
      description: 'Share of the time in which the event loop works and does not wait. Near 100 % everything queues.',
      unit: PercentUnit,
      whenEmpty,
      max: 1,
      queries: [
        {
          expr: perSecond(shared('nodejs_eventloop_time_seconds_total', 'nodejs_eventloop_state="active"'), {
            by: 'instance',
          }),
          legend: '{{instance}}',
        },
      ],
    }),
    timeSeries({
      title: 'Garbage collection',
      description:
        'Share of the time that garbage collections take, by kind. Major ones that grow: the heap is nearly full, or something leaks.',
      unit: PercentUnit,
      whenEmpty,
      queries: [
        {
          expr: perSecond(shared('nodejs_gc_duration_seconds_sum'), { by: 'instance, kind' }),
          legend: '{{instance}} {{kind}}',
        },
      ],
    }),
    timeSeries({
      title: 'Open file descriptors',
      description:
        'Files and connections that are open. A steady climb is a leak; at process_max_fds no connection is taken any more.',
      unit: Short,
      whenEmpty,
      queries: [{ expr: total(shared('process_open_fds'), { by: 'instance' }), legend: '{{instance}}' }],
    }),
  ];
}
