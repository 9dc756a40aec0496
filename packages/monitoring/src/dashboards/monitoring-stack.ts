import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { logStoreSection } from './log-store-section.ts';
import { createServiceDashboard } from './service-dashboard.ts';

/** The monitoring of the monitoring; so far the log store. The guide does not cover it. */
export function monitoringStack(): Dashboard {
  return createServiceDashboard({
    uid: 'monitoring-stack',
    title: 'Monitoring Stack',
    description: 'VictoriaLogs, the log store: lines accepted and dropped, disk, memory and queries.',
    service: 'victorialogs',
    sections: [logStoreSection()],
  });
}
