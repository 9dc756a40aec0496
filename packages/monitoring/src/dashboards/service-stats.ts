import { BytesIEC, EventsPerSecond, NoUnit, PercentUnit } from '@grafana/grafana-foundation-sdk/units';
import { alertThresholds, type Threshold } from './alert-thresholds.ts';
import { alertWindow, highest, perSecond, ratio, type Service, select, selectShared } from './panel-expressions.ts';
import { stat, type UnplacedPanel } from './panels.ts';

/** Text of an empty panel whose series exist from the first scrape on. */
export function notScraped(service: Service): string {
  return `No ${service} was scraped in this time`;
}

/** Errors per second, the number that the alert HighErrorRate compares. */
export function internalErrorsStat(service: Service): UnplacedPanel {
  return stat({
    title: 'Internal errors now',
    description: `Internal errors per second of the worst component of ${service}, over 5 minutes. Red: HighErrorRate, after 5 minutes.`,
    unit: EventsPerSecond,
    whenEmpty: `No ${service} is scraped`,
    threshold: alertThresholds.HighErrorRate,
    query: {
      expr: highest(perSecond(select(`${service}_errors_total`), { by: 'job, component', window: alertWindow })),
      legend: 'errors',
    },
  });
}

/** Instances that Prometheus knows and cannot scrape. */
export function instancesDownStat(service: Service): UnplacedPanel {
  return stat({
    title: 'Instances down',
    description: `Instances of ${service} whose last scrape failed. Red: ServiceDown, after 2 minutes.`,
    unit: NoUnit,
    whenEmpty: `Prometheus has no target of ${service}`,
    threshold: alertThresholds.ServiceDown,
    query: { expr: `sum(1 - ${selectShared(service, 'up')})`, legend: 'down' },
  });
}

/** The largest instance, because the alert HighMemoryUsage compares each. */
export function memoryStat(service: Service): UnplacedPanel {
  return stat({
    title: 'Memory of the largest instance',
    description: `Resident memory of the largest instance of ${service}. Orange: HighMemoryUsage, after 10 minutes.`,
    unit: BytesIEC,
    whenEmpty: `No ${service} is scraped`,
    threshold: alertThresholds.HighMemoryUsage[service],
    query: { expr: highest(select(`${service}_process_resident_memory_bytes`)), legend: 'memory' },
  });
}

/** Share of RPCs that failed. Only metald has an objective for it. */
export function apiErrorsStat(service: Service, threshold?: Threshold): UnplacedPanel {
  const over = threshold ? ' Orange: over the objective.' : '';
  return stat({
    title: 'API errors now',
    description: `Share of the RPCs of the last 5 minutes that failed with a server error.${over}`,
    unit: PercentUnit,
    whenEmpty: 'No requests in 5 min',
    threshold,
    query: {
      expr: ratio(
        perSecond(select(`${service}_api_errors_total`), { window: alertWindow }),
        perSecond(select(`${service}_api_requests_total`), { window: alertWindow }),
      ),
      legend: 'errors',
    },
  });
}
