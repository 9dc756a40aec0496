import { BytesIEC, DurationSeconds, EventsPerSecond, PercentUnit } from '@grafana/grafana-foundation-sdk/units';
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
      ],
    ],
  };
}
