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
      machinePanels(service, whenEmpty),
      [errorsPanel(service, whenEmpty), ...further, requestsInFlight(service)],
      eventLoopAndResources(service, whenEmpty),
    ],
  };
}

function machinePanels(service: Service, whenEmpty: string): readonly UnplacedPanel[] {
  return [
    timeSeries({
      title: 'Process CPU',
      description: 'Processor time per second of each instance: 100 % is one processor, all that JavaScript can use.',
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
      description: 'Time since each instance started. A drop to 0 is a restart.',
      unit: DurationSeconds,
      whenEmpty,
      queries: [
        {
          expr: `time() - max by (instance) (${selectShared(service, 'process_start_time_seconds')})`,
          legend: '{{instance}}',
        },
      ],
    }),
  ];
}

function errorsPanel(service: Service, whenEmpty: string): UnplacedPanel {
  return timeSeries({
    title: 'Errors by component',
    description: `Internal errors of ${service} per second, by component. Dashed: HighErrorRate, for each.`,
    unit: EventsPerSecond,
    whenEmpty,
    threshold: alertThresholds.HighErrorRate,
    queries: [{ expr: perSecond(select(`${service}_errors_total`), { by: 'component' }), legend: '{{component}}' }],
  });
}

function requestsInFlight(service: Service): UnplacedPanel {
  return timeSeries({
    title: 'Requests in flight',
    description: 'HTTP requests, including RPCs, whose response has not ended. A climb: more arrive than are answered.',
    unit: Short,
    whenEmpty: 'No request has arrived yet',
    stacked: true,
    queries: [
      {
        expr: total(selectShared(service, 'http_server_active_requests'), { by: 'instance' }),
        legend: '{{instance}}',
      },
    ],
  });
}

function eventLoopAndResources(service: Service, whenEmpty: string): readonly UnplacedPanel[] {
  const shared = (metric: string, ...matchers: string[]) => selectShared(service, metric, ...matchers);
  return [
    timeSeries({
      title: 'Event loop lag',
      description:
        'Delay of timers: the time that a request waits before it is handled. Dashed: HighEventLoopLag, for the p99.',
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
      description: 'Share of the time in which the event loop is busy. Near 100 % everything queues.',
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
        'Share of the time in garbage collection, by kind. If major collections increase, the heap is nearly full or leaks.',
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
        'Open files and connections. A steady climb is a leak; at process_max_fds no connection is accepted.',
      unit: Short,
      whenEmpty,
      queries: [{ expr: total(shared('process_open_fds'), { by: 'instance' }), legend: '{{instance}}' }],
    }),
  ];
}
