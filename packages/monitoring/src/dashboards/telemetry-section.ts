import {
  BytesIEC,
  CountsPerSecond,
  EventsPerSecond,
  RequestsPerSecond,
  Seconds,
  Short,
} from '@grafana/grafana-foundation-sdk/units';
import { perSecond, quantile, ratio, type Service, selectShared, total } from './panel-expressions.ts';
import { timeSeries, type UnplacedPanel } from './panels.ts';
import type { Section } from './service-dashboard.ts';
import { notScraped } from './service-stats.ts';

/** The telemetry of a service about itself: what is sent, what is lost, and what a scrape costs. */
export function telemetrySection(service: Service): Section {
  return {
    title: 'Telemetry',
    height: 8,
    lines: [spanPanels(service), scrapePanels(service), lossPanels(service)],
  };
}

function spanPanels(service: Service): readonly UnplacedPanel[] {
  const shared = (metric: string, ...matchers: string[]) => selectShared(service, metric, ...matchers);
  const whenEmpty = notScraped(service);
  const exported = 'otel_sdk_exporter_span_exported_total';
  const lossesOf = (metric: string) => `${perSecond(shared(metric, 'error_type!=""'), { by: 'error_type' })} > 0`;
  return [
    timeSeries({
      title: 'Span queue',
      description:
        'Spans that wait for export, and the capacity. Beyond the capacity spans are lost; a capacity of 0 means that traces are off.',
      unit: Short,
      whenEmpty,
      queries: [
        {
          expr: total(shared('otel_sdk_processor_span_queue_size'), { by: 'instance' }),
          legend: '{{instance}} waiting',
        },
        {
          expr: total(shared('otel_sdk_processor_span_queue_capacity'), { by: 'instance' }),
          legend: '{{instance}} capacity',
        },
      ],
    }),
    timeSeries({
      title: 'Spans exported and lost',
      description:
        'Spans per second that the collector accepted, and lost spans by reason. SpansLost fires at the first.',
      unit: CountsPerSecond,
      whenEmpty,
      queries: [
        { expr: perSecond(shared(exported, 'error_type=""')), legend: 'exported' },
        { expr: lossesOf('otel_sdk_processor_span_processed_total'), legend: 'lost before export: {{error_type}}' },
        { expr: lossesOf(exported), legend: 'lost in export: {{error_type}}' },
      ],
    }),
    timeSeries({
      title: 'Retries of exports',
      description: 'Retried requests to the collector per second. They precede the loss of spans.',
      unit: RequestsPerSecond,
      whenEmpty,
      queries: [{ expr: perSecond(shared('otlp_exporter_retries_total'), { by: 'instance' }), legend: '{{instance}}' }],
    }),
  ];
}

function scrapePanels(service: Service): readonly UnplacedPanel[] {
  const shared = (metric: string, ...matchers: string[]) => selectShared(service, metric, ...matchers);
  const duration = 'promhttp_metric_handler_request_duration_seconds';
  const byInstance = { by: 'instance' };
  const noScrape = `No scrape of ${service} was answered in this time`;
  return [
    timeSeries({
      title: 'Scrape duration',
      description: 'From the arrival of a scrape until its response is sent, measured by the service.',
      unit: Seconds,
      whenEmpty: noScrape,
      queries: [
        { expr: quantile(0.5, duration, { sharedBy: service }), legend: 'p50' },
        { expr: quantile(0.99, duration, { sharedBy: service }), legend: 'p99' },
      ],
    }),
    timeSeries({
      title: 'Bytes of a scrape',
      description: 'Average size of a response, as sent (compressed).',
      unit: BytesIEC,
      whenEmpty: noScrape,
      queries: [
        {
          expr: ratio(
            perSecond(shared('promhttp_metric_handler_response_bytes_total'), byInstance),
            perSecond(shared(`${duration}_count`), byInstance),
          ),
          legend: '{{instance}}',
        },
      ],
    }),
    timeSeries({
      title: 'Series of a scrape',
      description: 'Series on the last complete page. For metald it follows the number of running VMs.',
      unit: Short,
      whenEmpty: noScrape,
      queries: [{ expr: total(shared('promhttp_metric_handler_series'), byInstance), legend: '{{instance}}' }],
    }),
  ];
}

function lossPanels(service: Service): readonly UnplacedPanel[] {
  const shared = (metric: string, ...matchers: string[]) => selectShared(service, metric, ...matchers);
  const whenEmpty = notScraped(service);
  return [
    timeSeries({
      title: 'Scrape errors',
      description:
        'Metrics missing from pages per second, and aborted pages, by cause. MetricsMissing and ScrapesAborted fire after 5 minutes.',
      unit: EventsPerSecond,
      whenEmpty,
      queries: [
        {
          expr: perSecond(shared('promhttp_metric_handler_errors_total'), { by: 'cause' }),
          legend: 'left out: {{cause}}',
        },
        {
          expr: perSecond(shared('promhttp_metric_handler_aborts_total'), { by: 'cause' }),
          legend: 'broken off: {{cause}}',
        },
      ],
    }),
    timeSeries({
      title: 'Log lines lost',
      description:
        'Log lines per second that could not be written to standard output or the log file. LogLinesLost fires at the first.',
      unit: CountsPerSecond,
      whenEmpty,
      queries: [
        {
          expr: perSecond(shared('telemetry_log_lines_lost_total'), { by: 'instance, destination' }),
          legend: '{{instance}} {{destination}}',
        },
      ],
    }),
    timeSeries({
      title: 'Series overflow',
      description:
        'Per second: recordings that went to the overflow series of a metric, and rows that a full series table rejected. SeriesOverflow fires at the first.',
      unit: EventsPerSecond,
      whenEmpty,
      queries: [
        { expr: perSecond(shared('telemetry_metric_overflow_total'), { by: 'metric' }), legend: '{{metric}}' },
        {
          expr: perSecond(shared('telemetry_series_table_overflow_total'), { by: 'table' }),
          legend: 'table {{table}}',
        },
      ],
    }),
  ];
}
