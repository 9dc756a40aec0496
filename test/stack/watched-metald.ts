import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStack } from '@vmobs/lab/stack';
import { startServiceProcess } from '../processes/service-process.ts';
import { portOffset } from './port-offset.ts';
import { requirePart } from './require-part.ts';

/** A metald with faults that a real Prometheus watches by the rules of compose/. */
export type WatchedMetald = Awaited<ReturnType<typeof startWatchedMetald>>;

/** Nothing listens there: Alertmanager does not run, so nobody is told. */
const nobody = 1;

/**
 * Starts metald, a billaged that it bills to, and Prometheus.
 *
 * @param speed how many times faster than written durations pass
 * @param settings environment variables of metald
 */
export async function startWatchedMetald(speed: number, settings: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-alerts-'));
  const billaged = await startServiceProcess('billaged-sim');
  const metald = await startServiceProcess('metald-sim', {
    SIM_CONTROL: 'true',
    UNKEY_METALD_BILLING_ENDPOINT: billaged.url,
    UNKEY_METALD_SIM_SPOOL: join(folder, 'spool'),
    ...settings,
  });
  const portOf = (url: string) => Number(new URL(url).port);
  const stack = await startStack({
    compose: join(import.meta.dirname, '../../compose'),
    folder,
    serviceLogs: folder,
    portOffset,
    ports: { lab: nobody, metaldMetrics: portOf(metald.metricsUrl), billagedMetrics: portOf(billaged.metricsUrl) },
    programs: new Map([['prometheus', await requirePart('prometheus')]]),
    speed,
    signal: new AbortController().signal,
    onDeath(name, reason) {
      throw new Error(`${name} died: ${reason}`);
    },
  });
  const query = async (expression: string) => {
    const path = `/api/v1/query?query=${encodeURIComponent(expression)}`;
    const response = await fetch(`${stack.urls.get('prometheus')}${path}`);
    return ((await response.json()) as { data: { result: { metric: Record<string, string> }[] } }).data.result;
  };

  return {
    url: metald.url,
    query,
    /** The names of the alerts about metald that fire now. */
    async firing(): Promise<string[]> {
      const alerts = await query('ALERTS{alertstate="firing", job=~"metald|"}');
      return [...new Set(alerts.map(({ metric }) => metric['alertname'] ?? ''))].sort();
    },
    async switchOn(fault: string, body: object = {}): Promise<void> {
      const init = { method: 'PUT', body: JSON.stringify(body) };
      const response = await fetch(`${metald.url}/sim/faults/${fault}`, init);
      if (!response.ok) throw new Error(await response.text());
    },
    async switchOff(): Promise<void> {
      await fetch(`${metald.url}/sim/faults`, { method: 'DELETE' });
    },
    async close() {
      await metald.end();
      await billaged.end();
      await stack.stop();
      await rm(folder, { recursive: true });
    },
  };
}
