import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CompareOptions,
  compareLogs,
  createLogFiles,
  createVictoriaLogsStore,
  type ProcessReport,
  repairLogs,
  settleLogs,
} from '@vmobs/lab/logs';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';
import { askLogs } from './ask-logs.ts';
import { placeAlone, startParts } from './start-parts.ts';

const parts = ['victoria-logs', 'otelcol'] as const;
const services = ['metald', 'billaged'] as const;
type ServiceName = (typeof services)[number];

/** Both services, who log 40 lines a second each, the collector, and the log store. */
export type LogPipeline = Awaited<ReturnType<typeof startLogPipeline>>;

/** Requests that each service answers and logs, and that change nothing. */
const requests: Readonly<Record<ServiceName, string>> = {
  metald: 'vmprovisioner.v1.VmService/ListVms',
  billaged: 'billing.v1.BillingService/SendHeartbeat',
};

/** Starts the way of log lines. @param env variables of both services */
export async function startLogPipeline(env: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-log-pipeline-'));
  const startService = (name: ServiceName) =>
    startServiceProcess(`${name}-sim`, {
      UNKEY_METALD_BILLING_ENABLED: 'false',
      LOG_FILE: join(folder, name, `${name}.log`),
      ...env,
    });
  for (const name of services) await mkdir(join(folder, name));
  const placement = placeAlone(folder);
  const stack = await startParts(parts, placement);
  const running = new Map<ServiceName, ServiceProcess>();
  for (const name of services) running.set(name, await startService(name));
  const load = startLoad((name) => running.get(name)?.url);
  const storeUrl = stack.urls.get('victoria-logs') ?? '';
  const compare: CompareOptions = {
    files: createLogFiles(
      services.map((name) => join(folder, name)),
      Date.now() - 60_000,
    ),
    store: createVictoriaLogsStore(storeUrl),
  };

  return {
    /** The options that `placePart` got. */
    placement,
    storeUrl,
    part: stack.part,
    /** Kills a service as a crash would, and starts it again. */
    async crash(name: ServiceName) {
      await running.get(name)?.end('SIGKILL');
      running.set(name, await startService(name));
    },
    stopLoad: load.stop,
    /** Compares the store with the files once nothing is under way any more. */
    check: (settleMs = 8_000): Promise<readonly ProcessReport[]> => settleLogs({ ...compare, settleMs }),
    /** Compares at once. */
    compare: () => compareLogs(compare),
    repair: (reports: readonly ProcessReport[]) => repairLogs({ ...compare, reports }),
    /** Sends every line of the files to the store, as a repair does. */
    async sendAll() {
      await compare.files.refresh();
      const everything = Array.from(compare.files.processes().keys(), (instance) => {
        return [instance, [{ first: 1, last: Number.MAX_SAFE_INTEGER }]] as const;
      });
      await compare.store.send(await Array.fromAsync(compare.files.readLines(new Map(everything))));
    },
    /** Rows that the store gives for a question in LogsQL. */
    ask: <T>(query: string) => askLogs<T>(storeUrl, query),
    async close() {
      await load.stop();
      for (const service of running.values()) await service.end();
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Asks both services some forty times a second, as long as they answer. */
function startLoad(urlOf: (name: ServiceName) => string | undefined) {
  const stopping = new AbortController();
  const ask = async (name: ServiceName) => {
    while (!stopping.signal.aborted) {
      await fetch(`${urlOf(name)}/${requests[name]}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      }).then(
        (response) => response.body?.cancel(),
        () => undefined,
      );
      await sleep(25);
    }
  };
  const asking = services.map(ask);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(asking);
    },
  };
}
