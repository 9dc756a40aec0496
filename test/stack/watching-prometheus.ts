import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { compose, placeAlone, startParts } from './start-parts.ts';

/** A real Prometheus with the rules of compose/. */
export type WatchingPrometheus = Awaited<ReturnType<typeof startWatchingPrometheus>>;

/** Options of `startWatchingPrometheus`. */
export interface WatchingOptions {
  /** Folder for its configuration and data. */
  readonly folder: string;
  /** How many times faster than written durations pass. */
  readonly speed: number;
  /** Addresses of the metrics ports of the services. @default nothing is there */
  readonly metald?: string;
  readonly billaged?: string;
}

/** Nothing listens there: Alertmanager does not run, so nobody is notified. */
const nobody = 1;

/** Starts Prometheus by the files of compose/, which it has a copy of: nothing that a test adds is left in them. */
export async function startWatchingPrometheus({ folder, speed, metald, billaged }: WatchingOptions) {
  const copy = join(folder, 'compose');
  await cp(compose, copy, { recursive: true });
  const portOf = (url: string | undefined) => (url === undefined ? nobody : Number(new URL(url).port));
  const ports = { lab: nobody, metaldMetrics: portOf(metald), billagedMetrics: portOf(billaged) };
  const stack = await startParts(['prometheus'], placeAlone(folder, { compose: copy, ports, speed }));
  const query = async (expression: string) => {
    const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
    const response = await fetch(`${stack.urls.get('prometheus')}${path}`);
    return ((await response.json()) as { data: { result: { metric: Record<string, string> }[] } }).data.result;
  };

  return {
    query,
    /** The names of the alerts that fire now about these jobs, a regular expression; about no job at all is `''`. */
    async firing(jobs: string): Promise<string[]> {
      const alerts = await query(`ALERTS{alertstate="firing", job=~"${jobs}"}`);
      return [...new Set(alerts.map(({ metric }) => metric['alertname'] ?? ''))].sort();
    },
    /** Folder of files that name further targets. */
    targets: join(copy, 'prometheus/targets'),
    stop: stack.stop,
  };
}
