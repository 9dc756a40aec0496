import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billagedPrefixes, billagedSettings } from '@vmobs/billaged-sim/config';
import { metaldPrefixes, metaldSettings } from '@vmobs/metald-sim/config';
import { CommandError, readSettings, runUntilSignal } from '@vmobs/telemetry';
import { findPart } from '../parts/find-parts.ts';
import { repositoryRoot } from '../parts/part.ts';
import { startProcess } from '../processes/start-process.ts';
import { startStack } from '../stack/stack.ts';
import { partCommands, type StackPart, stackParts } from '../stack/stack-parts.ts';
import { startTraffic, type Traffic } from '../traffic/traffic.ts';
import { type ReceivedNotification, startWebhookSink } from '../webhook-sink/webhook-sink.ts';
import type { DemoConfig } from './config.ts';
import { createDisplay, type Display, refreshMs } from './display.ts';
import { findPortHolder, isPortTaken } from './port-holder.ts';
import { createStatusReader } from './status.ts';

/** The folder with the configuration of the stack. */
const compose = join(repositoryRoot, 'compose');

/** The ports of one demo: those that the settings of the two services say and the usual ones, moved by the offset. */
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

/** The programs of the parts of the stack that this machine has. */
async function findPrograms(): Promise<ReadonlyMap<StackPart, string>> {
  const found = await Promise.all(stackParts.map(async (part) => [part, (await findPart(part))?.path] as const));
  return new Map(found.flatMap(([part, path]) => (path === undefined ? [] : [[part, path]])));
}

const urlOf = (port: number) => `http://127.0.0.1:${port}`;

/** Runs the demo until a signal, the end of its time, or the death of a service. @returns the exit status */
export async function runDemo(config: DemoConfig): Promise<number> {
  const ports = choosePorts(config);
  const programs = await findPrograms();
  const partPorts = stackParts.filter((part) => programs.has(part)).flatMap((part) => partCommands[part].ports);
  for (const port of [...Object.values(ports), ...partPorts.map((port) => port + config.portOffset)]) {
    await requireFree(port);
  }
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-demo-'));
  const display = createDisplay(process.stdout);
  const closers: (() => Promise<void>)[] = [];
  const ending = new AbortController();
  const ended = Promise.withResolvers<number>();
  const onDeath = (name: string, reason: string) => {
    display.say(`${name} ended by itself: ${reason}`);
    ended.resolve(1);
  };

  // Traces are recorded where there is a collector to take them, unless the user has decided.
  const tracing: Record<string, string> = {};
  if (programs.has('otelcol')) {
    for (const prefix of ['UNKEY_METALD', 'BILLAGED']) {
      tracing[`${prefix}_OTEL_ENABLED`] = process.env[`${prefix}_OTEL_ENABLED`] ?? 'true';
      tracing[`${prefix}_OTEL_ENDPOINT`] =
        process.env[`${prefix}_OTEL_ENDPOINT`] ?? `127.0.0.1:${4318 + config.portOffset}`;
    }
  }

  const startService = async (name: 'metald' | 'billaged', flags: readonly string[]) => {
    display.say(`starting ${name}`);
    const main = fileURLToPath(import.meta.resolve(`@vmobs/${name}-sim/main`));
    const { stop } = await startProcess({
      name,
      command: process.execPath,
      flags: [main, `--port=${ports[name]}`, `--metrics-port=${ports[`${name}Metrics`]}`, ...flags],
      // The collector reads the file; what else the process writes, such as why it cannot start, goes beside it.
      env: {
        LOG_FILE: join(folder, name, `${name}.log`),
        UNKEY_METALD_SIM_SPOOL: join(folder, 'metald-spool'),
        ...tracing,
      },
      logFile: join(folder, `${name}.out`),
      readyUrl: `${urlOf(ports[`${name}Metrics`])}/ready`,
      ipc: true,
      signal: ending.signal,
      onDeath,
    });
    closers.push(stop);
  };

  const start = async () => {
    const sink = await startWebhookSink({
      port: ports.lab,
      onNotification: (news) => display.say(writeNotification(news)),
    });
    closers.push(sink.close);
    if (programs.size > 0) display.say(`starting ${[...programs.keys()].join(', ')}`);
    const stack = await startStack({
      compose,
      folder,
      serviceLogs: folder,
      ports,
      portOffset: config.portOffset,
      programs,
      signal: ending.signal,
      onDeath,
    });
    closers.push(stack.stop);
    await startService('billaged', [`--database=${join(folder, 'billaged.db')}`]);
    await startService('metald', [
      `--billing-endpoint=${urlOf(ports.billaged)}`,
      `--seed=${config.seed}`,
      `--time-scale=${config.timeScale}`,
      `--max-vms=${Math.max(25, 2 * config.clients)}`,
    ]);
    const traffic = startTraffic({ metaldUrl: urlOf(ports.metald), ...config });
    closers.push(traffic.stop);

    display.showPlaces([
      { name: 'metald', urls: [urlOf(ports.metald), `${urlOf(ports.metaldMetrics)}/metrics`] },
      { name: 'billaged', urls: [urlOf(ports.billaged), `${urlOf(ports.billagedMetrics)}/metrics`] },
      ...Array.from(stack.urls, ([name, url]) => ({ name, urls: [url] })),
      { name: 'alerts', urls: [`${sink.url}/alerts`] },
      { name: 'logs', urls: [folder] },
    ]);
    if (stack.missing.length > 0)
      display.say(`not on this machine: ${stack.missing.join(', ')}; npx -y pnpm@12 parts builds them`);

    closers.push(await showStatus(display, ports, traffic));
    if (config.forMs > 0) setTimeout(() => ended.resolve(0), config.forMs).unref();
  };

  const starting = start();
  // A failed start ends the demo; one that failed because the demo is ending does not matter.
  starting.catch(() => ended.resolve(1));
  const exitStatus = await runUntilSignal({
    ended: ended.promise,
    /** Ends what was started, the last first: status, traffic, metald, billaged, stack. */
    async close() {
      ending.abort();
      await starting.catch(() => undefined);
      for (const close of closers.splice(0).reverse()) await close();
      display.end();
    },
  });
  if (exitStatus !== 0) await starting;
  return exitStatus;
}

/** One line for a notification of Alertmanager. */
function writeNotification({ status, groupLabels, alerts }: ReceivedNotification): string {
  const summaries = alerts.map(({ annotations }) => annotations['summary'] ?? '').join('; ');
  return `alert ${status}: ${groupLabels['alertname'] ?? 'of several kinds'}  ${summaries}`;
}

/** Shows the status again and again. @returns what ends that, with a last one */
async function showStatus(display: Display, ports: ReturnType<typeof choosePorts>, traffic: Traffic) {
  const reader = createStatusReader({
    metaldMetricsUrl: urlOf(ports.metaldMetrics),
    billagedMetricsUrl: urlOf(ports.billagedMetrics),
    traffic,
  });
  // Rates count from here.
  await reader.read();
  const show = async () => display.show(await reader.read());
  const refresh = setInterval(show, process.stdout.isTTY ? refreshMs.live : refreshMs.plain);
  return async () => {
    clearInterval(refresh);
    await show();
  };
}

/** @throws CommandError that names the port, who has it, and how to choose others. */
async function requireFree(port: number): Promise<void> {
  if (!(await isPortTaken(port))) return;
  const holder = await findPortHolder(port);
  throw new CommandError(
    `port ${port} is taken by ${holder ?? 'another process'}; end that or move all ports with --port-offset 1000`,
  );
}
