import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billagedPrefixes, billagedSettings } from '@vmobs/billaged-sim/config';
import { metaldPrefixes, metaldSettings } from '@vmobs/metald-sim/config';
import { CommandError, readSettings } from '@vmobs/settings';
import { runUntilSignal } from '@vmobs/telemetry/command';
import { createVictoriaLogsStore } from '../logs/victorialogs-store.ts';
import { watchLogs } from '../logs/watch-logs.ts';
import type { LabMetrics } from '../metrics.ts';
import { findPart } from '../parts/find-parts.ts';
import { repositoryRoot } from '../parts/part.ts';
import { startProcess } from '../processes/start-process.ts';
import { startStack } from '../stack/stack.ts';
import { partCommands, type StackPart, stackParts } from '../stack/stack-parts.ts';
import { startTraffic, type Traffic } from '../traffic/traffic.ts';
import { type ReceivedNotification, startWebhookSink } from '../webhook-sink/webhook-sink.ts';
import type { DemoConfig } from './config.ts';
import { createDisplay, type Display, type Place, refreshMs } from './display.ts';
import { findFreeOffset } from './free-offset.ts';
import { findPortHolder, isPortTaken } from './port-holder.ts';
import { announceDemo } from './running-demos.ts';
import { createStatusReader } from './status.ts';

/** The folder with the configuration of the stack. */
const compose = join(repositoryRoot, 'compose');

/** The ports of the demo: those from the settings of both services and the usual ones, plus the offset. */
function choosePorts({ portOffset }: DemoConfig) {
  const metald = readSettings(metaldSettings, { env: process.env, prefixes: metaldPrefixes });
  const billaged = readSettings(billagedSettings, { env: process.env, prefixes: billagedPrefixes });
  return {
    metald: metald.port + portOffset,
    metaldMetrics: metald.metricsPort + portOffset,
    billaged: billaged.port + portOffset,
    billagedMetrics: billaged.metricsPort + portOffset,
    lab: 8090 + portOffset,
  };
}

/** The installed programs of the stack. */
async function findPrograms(): Promise<ReadonlyMap<StackPart, string>> {
  const found = await Promise.all(stackParts.map(async (part) => [part, (await findPart(part))?.path] as const));
  return new Map(found.flatMap(([part, path]) => (path === undefined ? [] : [[part, path]])));
}

const urlOf = (port: number) => `http://127.0.0.1:${port}`;

/** What the steps of a demo share. */
interface DemoContext {
  readonly config: DemoConfig;
  readonly ports: ReturnType<typeof choosePorts>;
  readonly programs: ReadonlyMap<StackPart, string>;
  /** Folder of everything that this demo writes. */
  readonly folder: string;
  readonly logFolders: readonly string[];
  readonly display: Display;
  /** Close what was started, to be called in reverse order. */
  readonly closers: (() => Promise<void>)[];
  readonly signal: AbortSignal;
  readonly onDeath: (name: string, reason: string) => void;
}

/** Runs the demo until a signal, the end of its time, or the death of a service. @returns the exit status */
export async function runDemo(config: DemoConfig): Promise<number> {
  const ports = choosePorts(config);
  const programs = await findPrograms();
  const partPorts = stackParts.filter((part) => programs.has(part)).flatMap((part) => partCommands[part].ports);
  const usualPorts = [...Object.values(ports).map((port) => port - config.portOffset), ...partPorts];
  for (const port of usualPorts) await requireFree(port + config.portOffset, usualPorts);
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-demo-'));
  const logFolders = ['metald', 'billaged'].map((name) => join(folder, name));
  const display = createDisplay(process.stdout);
  const closers: (() => Promise<void>)[] = [];
  const ending = new AbortController();
  const ended = Promise.withResolvers<number>();
  const onDeath = (name: string, reason: string) => {
    display.say(`${name} ended by itself: ${reason}`);
    ended.resolve(1);
  };
  const context = { config, ports, programs, folder, logFolders, display, closers, signal: ending.signal, onDeath };

  const starting = startDemo(context).then(() => {
    if (config.forMs > 0) setTimeout(() => ended.resolve(0), config.forMs).unref();
  });
  // A failed start ends the demo; a failure because the demo is ending does not matter.
  starting.catch(() => ended.resolve(1));
  const exitStatus = await runUntilSignal(() => ({
    ended: ended.promise,
    /** Closes what was started, the last first: status, traffic, metald, billaged, stack. */
    async close() {
      ending.abort();
      await starting.catch(() => undefined);
      for (const close of closers.splice(0).reverse()) await close();
      display.end();
      display.say(`the files of this demo are in ${folder}; delete it when you are done`);
    },
  }));
  if (exitStatus !== 0) await starting;
  return exitStatus;
}

/** Starts the sink of alerts, the stack, both services, the log check, traffic and the status, in this order. */
async function startDemo(context: DemoContext): Promise<void> {
  const { config, ports, programs, folder, logFolders, display, closers, signal, onDeath } = context;
  const sink = await startWebhookSink({
    port: ports.lab,
    onNotification: (news) => display.say(writeNotification(news)),
  });
  closers.push(sink.close);
  if (programs.size > 0) display.say(`starting ${[...programs.keys()].join(', ')}`);
  const { portOffset } = config;
  const stack = await startStack({
    compose,
    folder,
    serviceLogs: folder,
    ports,
    portOffset,
    programs,
    signal,
    onDeath,
  });
  closers.push(stack.stop);
  await startService(context, 'billaged', [`--database=${join(folder, 'billaged.db')}`]);
  await startService(context, 'metald', [
    `--billing-endpoint=${urlOf(ports.billaged)}`,
    // The default batch of 600 samples takes a minute to fill; a viewer sees these after some seconds.
    '--billing-batch-size=50',
    `--seed=${config.seed}`,
    `--time-scale=${config.timeScale}`,
    `--max-vms=${Math.max(25, 2 * config.clients)}`,
  ]);
  const logStoreUrl = stack.urls.get('victoria-logs');
  if (logStoreUrl !== undefined) closers.push(watchLogStore(context, logStoreUrl, sink.metrics));
  const traffic = startTraffic({ metaldUrl: urlOf(ports.metald), ...config });
  closers.push(traffic.stop);

  display.showPlaces(placesOf(context, { sinkUrl: sink.url, parts: [...stack.urls.keys()] }));
  const { pid } = process;
  const startedAt = new Date().toISOString();
  closers.push(await announceDemo({ pid, startedAt, logFolders, logStoreUrl: logStoreUrl ?? null }));
  if (stack.missing.length > 0)
    display.say(`not installed: ${stack.missing.join(', ')}; npx -y pnpm@12 parts builds them`);
  closers.push(await showStatus(display, ports, traffic));
}

async function startService(
  { ports, folder, closers, display, signal, onDeath, ...context }: DemoContext,
  name: 'metald' | 'billaged',
  flags: readonly string[],
): Promise<void> {
  display.say(`starting ${name}`);
  const main = fileURLToPath(import.meta.resolve(`@vmobs/${name}-sim/main`));
  const { stop } = await startProcess({
    name,
    command: process.execPath,
    flags: [main, `--port=${ports[name]}`, `--metrics-port=${ports[`${name}Metrics`]}`, ...flags],
    // The collector reads this file; other output, such as why the process cannot start, goes to a file beside it.
    env: {
      LOG_FILE: join(folder, name, `${name}.log`),
      UNKEY_METALD_SIM_SPOOL: join(folder, 'metald-spool'),
      ...tracingOf(context),
    },
    logFile: join(folder, `${name}.out`),
    readyUrl: `${urlOf(ports[`${name}Metrics`])}/ready`,
    ipc: true,
    signal,
    onDeath,
  });
  closers.push(stop);
}

/** Variables that enable traces if there is a collector, unless the user has set them. */
function tracingOf({ programs, config }: Pick<DemoContext, 'programs' | 'config'>): Readonly<Record<string, string>> {
  if (!programs.has('otelcol')) return {};
  const defaults = ['UNKEY_METALD', 'BILLAGED'].flatMap((prefix) => [
    [`${prefix}_OTEL_ENABLED`, 'true'] as const,
    [`${prefix}_OTEL_ENDPOINT`, `127.0.0.1:${4318 + config.portOffset}`] as const,
  ]);
  return Object.fromEntries(defaults.map(([name, value]) => [name, process.env[name] ?? value]));
}

/** Compares the log store with the log files. @returns what stops it */
function watchLogStore({ display, logFolders }: DemoContext, url: string, metrics: LabMetrics): () => Promise<void> {
  const { close } = watchLogs({
    folders: logFolders,
    store: createVictoriaLogsStore(url),
    metrics,
    report: (_severity, { err }, message) => display.say(err instanceof Error ? `${message}: ${err.message}` : message),
  });
  return close;
}

/** The addresses that the demo shows. */
function placesOf(
  { ports, config, logFolders }: DemoContext,
  { sinkUrl, parts }: { readonly sinkUrl: string; readonly parts: readonly StackPart[] },
): readonly Place[] {
  return [
    { name: 'metald', urls: [`${urlOf(ports.metald)}/health`, `${urlOf(ports.metaldMetrics)}/metrics`] },
    { name: 'billaged', urls: [`${urlOf(ports.billaged)}/stats`, `${urlOf(ports.billagedMetrics)}/metrics`] },
    ...parts.map((name) => {
      const [port, path] = partCommands[name].page;
      return { name, urls: [urlOf(port + config.portOffset) + path] };
    }),
    // Without Alertmanager nothing is ever there.
    ...(parts.includes('alertmanager') ? [{ name: 'alerts', urls: [`${sinkUrl}/alerts`] }] : []),
    { name: 'log files', urls: logFolders },
  ];
}

/** One line for a notification of Alertmanager. */
function writeNotification({ status, groupLabels, alerts }: ReceivedNotification): string {
  const summaries = alerts.map(({ annotations }) => annotations['summary'] ?? '').join('; ');
  return `alert ${status}: ${groupLabels['alertname'] ?? 'of several kinds'}  ${summaries}`;
}

/** Shows the status periodically. @returns what stops that, after a last one */
async function showStatus(display: Display, ports: ReturnType<typeof choosePorts>, traffic: Traffic) {
  const reader = createStatusReader({
    metaldMetricsUrl: urlOf(ports.metaldMetrics),
    billagedMetricsUrl: urlOf(ports.billagedMetrics),
    traffic,
  });
  // Rates start here.
  await reader.read();
  const show = async () => display.show(await reader.read());
  const refresh = setInterval(show, process.stdout.isTTY ? refreshMs.live : refreshMs.plain);
  return async () => {
    clearInterval(refresh);
    await show();
  };
}

/** @throws CommandError that names the port, the process that uses it, and an offset with which all ports are free. */
async function requireFree(port: number, usualPorts: readonly number[]): Promise<void> {
  if (!(await isPortTaken(port))) return;
  const holder = (await findPortHolder(port)) ?? 'another process';
  const offset = await findFreeOffset(usualPorts, isPortTaken);
  const remedy =
    offset === undefined ? 'free the ports of another demo' : `move all ports with --port-offset ${offset}`;
  throw new CommandError(`port ${port} is in use by ${holder}; end that process or ${remedy}`);
}
