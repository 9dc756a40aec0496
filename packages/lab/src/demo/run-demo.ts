import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billagedPrefixes, billagedSettings } from '@vmobs/billaged-sim/config';
import { metaldPrefixes, metaldSettings } from '@vmobs/metald-sim/config';
import { CommandError, readSettings, runUntilSignal } from '@vmobs/telemetry';
import { startTraffic, type Traffic } from '../traffic/traffic.ts';
import type { DemoConfig } from './config.ts';
import { type Addresses, createDisplay, type Display, refreshMs, writeAddresses } from './display.ts';
import { findPortHolder, isPortTaken } from './port-holder.ts';
import { startServiceProcess } from './service-process.ts';
import { createStatusReader } from './status.ts';

/** The ports of one demo: those that the settings of the two services say, moved by the offset. */
function choosePorts({ portOffset }: DemoConfig) {
  const metald = readSettings(metaldSettings, { env: process.env, prefixes: metaldPrefixes });
  const billaged = readSettings(billagedSettings, { env: process.env, prefixes: billagedPrefixes });
  return {
    metald: metald.port + portOffset,
    metaldMetrics: metald.metricsPort + portOffset,
    billaged: billaged.port + portOffset,
    billagedMetrics: billaged.metricsPort + portOffset,
  };
}

/** Runs the demo until a signal, the end of its time, or the death of a service. @returns the exit status */
export async function runDemo(config: DemoConfig): Promise<number> {
  const ports = choosePorts(config);
  for (const port of Object.values(ports)) await requireFree(port);
  const urlOf = (port: number) => `http://127.0.0.1:${port}`;
  const addresses: Addresses = {
    metald: urlOf(ports.metald),
    metaldMetrics: urlOf(ports.metaldMetrics),
    billaged: urlOf(ports.billaged),
    billagedMetrics: urlOf(ports.billagedMetrics),
    logs: await mkdtemp(join(tmpdir(), 'vmobs-demo-')),
  };
  const display = createDisplay(process.stdout, addresses);
  const closers: (() => Promise<void>)[] = [];
  const ending = new AbortController();
  const ended = Promise.withResolvers<number>();

  const startService = async (name: 'metald' | 'billaged', flags: readonly string[]) => {
    display.say(`starting ${name}`);
    const { stop } = await startServiceProcess({
      name,
      main: fileURLToPath(import.meta.resolve(`@vmobs/${name}-sim/main`)),
      flags: [`--port=${ports[name]}`, `--metrics-port=${ports[`${name}Metrics`]}`, ...flags],
      logFile: join(addresses.logs, `${name}.log`),
      metricsUrl: addresses[`${name}Metrics`],
      signal: ending.signal,
      onDeath(dead, reason) {
        display.say(`${dead} ended by itself: ${reason}`);
        ended.resolve(1);
      },
    });
    closers.push(stop);
  };

  const start = async () => {
    await startService('billaged', []);
    await startService('metald', [
      `--billing-endpoint=${addresses.billaged}`,
      `--seed=${config.seed}`,
      `--time-scale=${config.timeScale}`,
      `--max-vms=${Math.max(25, 2 * config.clients)}`,
    ]);
    const traffic = startTraffic({ metaldUrl: addresses.metald, ...config });
    closers.push(traffic.stop);
    if (!process.stdout.isTTY) display.say(writeAddresses(addresses));
    closers.push(await showStatus(display, addresses, traffic));
    if (config.forMs > 0) setTimeout(() => ended.resolve(0), config.forMs).unref();
  };

  const starting = start();
  // A failed start ends the demo; one that failed because the demo is ending does not matter.
  starting.catch(() => ended.resolve(1));
  const exitStatus = await runUntilSignal({
    ended: ended.promise,
    /** Ends what was started, the last first: status, traffic, metald, billaged. */
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

/** Shows the status again and again. @returns what ends that, with a last one */
async function showStatus(display: Display, addresses: Addresses, traffic: Traffic): Promise<() => Promise<void>> {
  const reader = createStatusReader({
    metaldMetricsUrl: addresses.metaldMetrics,
    billagedMetricsUrl: addresses.billagedMetrics,
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
