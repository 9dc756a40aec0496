import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { compareLogs, createLogFiles, createVictoriaLogsStore, repairLogs } from '@vmobs/lab/logs';
import { startWebhookSink } from '@vmobs/lab/webhook-sink';
import { startServiceProcess } from '../support/service-process.ts';
import { askLogs } from './ask-logs.ts';
import { portOffset } from './port-offset.ts';
import { placeAlone, startParts } from './start-parts.ts';

const parts = ['alertmanager', 'victoria-logs', 'jaeger', 'otelcol', 'node_exporter', 'prometheus'] as const;

/** The whole of it: both services, every real part, the webhook sink. */
export type RunningStack = Awaited<ReturnType<typeof startRunningStack>>;

/** Options of `startRunningStack`. */
export interface RunningStackOptions {
  /** How many times faster than written durations pass. */
  readonly speed: number;
  /** How long the services gather spans before they send them, in milliseconds. @default 200 */
  readonly spanDelayMs?: number;
}

/** Starts everything. */
export async function startRunningStack({ speed, spanDelayMs = 200 }: RunningStackOptions) {
  const startedAt = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-stack-'));
  const sink = await startWebhookSink({ port: 0 });
  const collector = `127.0.0.1:${4318 + portOffset}`;
  const logFiles = { metald: join(folder, 'metald/metald.log'), billaged: join(folder, 'billaged/billaged.log') };
  const logFolders = Object.values(logFiles).map((file) => dirname(file));
  const billaged = await startServiceProcess('billaged-sim', {
    BILLAGED_OTEL_ENABLED: 'true',
    BILLAGED_OTEL_ENDPOINT: collector,
    LOG_FILE: logFiles.billaged,
    OTEL_BSP_SCHEDULE_DELAY: String(spanDelayMs),
  });
  const metaldEnv = {
    UNKEY_METALD_BILLING_ENDPOINT: billaged.url,
    UNKEY_METALD_BILLING_BATCH_SIZE: '10',
    UNKEY_METALD_SIM_TIME_SCALE: '1000',
    UNKEY_METALD_OTEL_ENABLED: 'true',
    UNKEY_METALD_OTEL_ENDPOINT: collector,
    LOG_FILE: logFiles.metald,
    OTEL_BSP_SCHEDULE_DELAY: String(spanDelayMs),
  };
  let metald = await startServiceProcess('metald-sim', metaldEnv);
  const portOf = (url: string) => Number(new URL(url).port);
  const metaldMetrics = portOf(metald.metricsUrl);
  const ports = { lab: portOf(sink.url), metaldMetrics, billagedMetrics: portOf(billaged.metricsUrl) };
  const stack = await startParts(parts, { ...placeAlone(folder), ports, speed });

  return {
    sink,
    urls: stack.urls,
    /** One of the parts, to stop it and start it again. */
    part: stack.part,
    /** When all this began, in milliseconds since 1970. */
    startedAt,
    /** The log file of each service, and the folder that each is in. */
    logFiles,
    logFolders,
    /** Sends the lines that the log store lacks. @returns how many */
    async repairLogs() {
      const compared = {
        files: createLogFiles(logFolders, startedAt),
        store: createVictoriaLogsStore(stack.urls.get('victoria-logs') ?? ''),
      };
      return await repairLogs({ ...compared, reports: await compareLogs(compared) });
    },
    metaldUrl: () => metald.url,
    killMetald: () => metald.end('SIGKILL'),
    /** Starts metald again, where Prometheus looks for it. */
    async startMetald() {
      metald = await startServiceProcess('metald-sim', metaldEnv, metaldMetrics);
    },
    /** Asks a part for JSON. */
    async ask<T>(part: (typeof parts)[number], path: string): Promise<T> {
      const response = await fetch(`${stack.urls.get(part)}${path}`);
      return (await response.json()) as T;
    },
    /** Asks the log store a question in LogsQL, about the time since all this began unless told otherwise. */
    askLogs: <T>(query: string, { start = new Date(startedAt).toISOString() } = {}) =>
      askLogs<T>(stack.urls.get('victoria-logs') ?? '', query, start),
    async close() {
      await metald.end();
      await billaged.end();
      await stack.stop();
      await sink.close();
      await rm(folder, { recursive: true });
    },
  };
}
