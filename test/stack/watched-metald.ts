import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { switchAllOff, switchOn } from '../billing/fault-schedule.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { startWatchingPrometheus } from './watching-prometheus.ts';

/** A metald with faults that a real Prometheus watches by the rules of compose/. */
export type WatchedMetald = Awaited<ReturnType<typeof startWatchedMetald>>;

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
  const prometheus = await startWatchingPrometheus({
    folder,
    speed,
    metald: metald.metricsUrl,
    billaged: billaged.metricsUrl,
  });

  return {
    url: metald.url,
    /** Sends metald a signal. */
    signal: metald.signal,
    query: prometheus.query,
    /** The names of the alerts about metald that fire now. */
    firing: () => prometheus.firing('metald|'),
    switchOn: (name: string, body: Readonly<Record<string, unknown>> = {}) => switchOn(metald.url, { name, body }),
    switchOff: () => switchAllOff(metald.url),
    async close() {
      await metald.end();
      await billaged.end();
      await prometheus.stop();
      await rm(folder, { recursive: true });
    },
  };
}
