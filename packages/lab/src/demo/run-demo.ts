import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { billagedPrefixes, billagedSettings } from '@vmobs/billaged-sim/config';
import { metaldPrefixes, metaldSettings } from '@vmobs/metald-sim/config';
import { CommandError, readSettings, runUntilSignal } from '@vmobs/telemetry';
import { startTraffic } from '../traffic/traffic.ts';
import type { DemoConfig } from './config.ts';
import { createDisplay, refreshMs, writeAddresses } from './display.ts';
import { findPortHolder, isPortTaken } from './port-holder.ts';
import { startServiceProcess } from './service-process.ts';
import { createStatusReader } from './status.ts';

/** Where everything of one demo is. */
async function layOut({ portOffset }: DemoConfig) {
  const metald = readSettings(metaldSettings, { env: process.env, prefixes: metaldPrefixes });
  const billaged = readSettings(billagedSettings, { env: process.env, prefixes: billagedPrefixes });
  const ports = {
    metald: metald.port + portOffset,
    metaldMetrics: metald.metricsPort + portOffset,
    billaged: billaged.port + portOffset,
    billagedMetrics: billaged.metricsPort + portOffset,
  };
  const urlOf = (port: number) => `http://127.0.0.1:${port}`;
  const addresses = {
    metald: urlOf(ports.metald),
    metaldMetrics: urlOf(ports.metaldMetrics),
    billaged: urlOf(ports.billaged),
    billagedMetrics: urlOf(ports.billagedMetrics),
    logs: await mkdtemp(join(tmpdir(), 'vmobs-demo-')),
  };
  return { ports, addresses };
}

/** Runs the demo until a signal, the end of its time, or the death of a service. @returns the exit status */
export async function runDemo(config: DemoConfig): Promise<number> {
  const { ports, addresses } = await layOut(config);
  for (const port of Object.values(ports)) await requireFree(port);

  const display = createDisplay(process.stdout, addresses);
  const closers: (() => Promise<void>)[] = [];
  const demo = {
    /** Ends what was started, the last first: traffic, metald, billaged. */
    async close() {
      for (const close of closers.splice(0).reverse()) await close();
      display.end();
    },
  };
  const ended = Promise.withResolvers<number>();
  const onDeath = (name: string, reason: string) => {
    display.say(`${name} ended by itself: ${reason}`);
    ended.resolve(1);
  };
  const exitStatus = runUntilSignal({ ...demo, ended: ended.promise });

  try {
    display.say('starting billaged');
    const billaged = await startServiceProcess({
      name: 'billaged',
      main: fileURLToPath(import.meta.resolve('@vmobs/billaged-sim/main')),
      flags: [`--port=${ports.billaged}`, `--metrics-port=${ports.billagedMetrics}`],
      logFile: join(addresses.logs, 'billaged.log'),
      metricsUrl: addresses.billagedMetrics,
      onDeath,
    });
    closers.push(billaged.stop);

    display.say('starting metald');
    const metald = await startServiceProcess({
      name: 'metald',
      main: fileURLToPath(import.meta.resolve('@vmobs/metald-sim/main')),
      flags: [
        `--port=${ports.metald}`,
        `--metrics-port=${ports.metaldMetrics}`,
        `--billing-endpoint=${addresses.billaged}`,
        `--seed=${config.seed}`,
        `--time-scale=${config.timeScale}`,
        `--max-vms=${Math.max(25, 2 * config.clients)}`,
      ],
      logFile: join(addresses.logs, 'metald.log'),
      metricsUrl: addresses.metaldMetrics,
      onDeath,
    });
    closers.push(metald.stop);
  } catch (error) {
    await demo.close();
    throw error;
  }

  const traffic = startTraffic({ metaldUrl: addresses.metald, ...config });
  closers.push(traffic.stop);
  if (!process.stdout.isTTY) display.say(writeAddresses(addresses));

  const reader = createStatusReader({
    metaldMetricsUrl: addresses.metaldMetrics,
    billagedMetricsUrl: addresses.billagedMetrics,
    traffic,
  });
  // Rates count from here.
  await reader.read();
  const refresh = setInterval(
    async () => display.show(await reader.read()),
    process.stdout.isTTY ? refreshMs.live : refreshMs.plain,
  );
  closers.push(async () => {
    clearInterval(refresh);
    display.show(await reader.read());
  });
  if (config.forMs > 0) setTimeout(() => ended.resolve(0), config.forMs).unref();
  return exitStatus;
}

/** @throws CommandError that names the port, who has it, and how to choose others. */
async function requireFree(port: number): Promise<void> {
  if (!(await isPortTaken(port))) return;
  const holder = await findPortHolder(port);
  throw new CommandError(
    `port ${port} is taken by ${holder ?? 'another process'}; end that or move all ports with --port-offset 1000`,
  );
}
