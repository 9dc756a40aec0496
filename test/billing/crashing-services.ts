import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, readMetric, scrape, untilReady } from '@vmobs/testing';
import { onTestFinished } from 'vitest';
import { validConfig, vmClient } from '../support/clients.ts';
import { startCommand } from '../support/command.ts';
import { nameOf } from './recorded-batches.ts';

/** Samples in a batch. */
export const batchSize = 7;

/** A batch that metald has said to be stored. */
export interface StoredBatch {
  /** As `nameOf` names it. */
  readonly name: string;
  readonly vmId: string;
  readonly sampleCount: number;
}

/** A folder for the length of one test. */
export async function createTestFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'billing-crash-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A metald with VMs that is killed and started again over the same spool. */
export interface CrashingMetald {
  /** What all of them together have said to be stored. */
  stored(): StoredBatch[];
  /** The VMs of the one that runs. */
  vmIds(): readonly string[];
  /** Kills it, and starts another one. */
  crash(): Promise<void>;
  /** Waits until billaged takes what comes, and nothing older is left: at an open circuit breaker the end does not wait. */
  drain(): Promise<void>;
  /** Ends it in order. @returns its last line about billing */
  end(): Promise<Readonly<Record<string, unknown>> | undefined>;
}

/** Starts a metald with a spool of its own that bills to an address. */
export async function startCrashingMetald(billingEndpoint: string, folder: string): Promise<CrashingMetald> {
  const env = {
    UNKEY_METALD_BILLING_ENDPOINT: billingEndpoint,
    UNKEY_METALD_BILLING_INTERVAL: '10ms',
    UNKEY_METALD_BILLING_BATCH_SIZE: String(batchSize),
    UNKEY_METALD_SIM_TIME_SCALE: '10000',
    UNKEY_METALD_SIM_SPOOL: join(folder, 'spool'),
    LOG_LEVEL: 'debug',
  };
  const lives: ReturnType<typeof startCommand>[] = [];

  async function start() {
    const command = startCommand('metald-sim', ['--port=0', '--metrics-port=0'], env);
    onTestFinished(() => command.signal('SIGKILL'));
    lives.push(command);
    const addresses = await untilReady(command);
    const client = vmClient(addresses.url);
    const vmIds: string[] = [];
    for (let vm = 0; vm < 4; vm += 1) {
      const { vmId } = await client.createVm({ config: validConfig });
      await client.bootVm({ vmId });
      vmIds.push(vmId);
    }
    return { ...addresses, command, vmIds };
  }

  let running = await start();
  return {
    stored: () =>
      lives
        .flatMap((life) => life.log())
        .filter(({ msg }) => msg === 'billing batch stored')
        .map((line) => ({
          name: nameOf({ vmId: String(line['vm_id']), times: [line['first_sample'], line['last_sample']].map(toMs) }),
          vmId: String(line['vm_id']),
          sampleCount: Number(line['batch_size']),
        })),
    vmIds: () => running.vmIds,
    async crash() {
      running.command.signal('SIGKILL');
      await running.command.ended();
      running = await start();
    },
    async drain() {
      await eventually(
        () => scrape(running.metricsUrl),
        (page) =>
          readMetric(page, 'metald_billing_breaker_state', { state: 'closed' }) === 1 &&
          readMetric(page, 'metald_billing_oldest_batch_age_seconds') < 1,
      );
    },
    async end() {
      running.command.signal('SIGTERM');
      await running.command.ended();
      return running.command.log().find(({ msg }) => msg === 'billing stopped');
    },
  };
}

function toMs(unixNanos: unknown): number {
  return Number(BigInt(String(unixNanos)) / 1_000_000n);
}

/** The recording billaged, which can be killed, and stopped in the middle of what it does. */
export interface CrashingBillaged {
  readonly url: string;
  /** What it has acknowledged. */
  readonly file: string;
  kill(): Promise<void>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
  /** Lets it take connections and answer nothing. */
  freeze(): void;
  thaw(): void;
}

/** Starts a recording billaged. */
export async function startCrashingBillaged(folder: string): Promise<CrashingBillaged> {
  const file = join(folder, 'acknowledged.jsonl');
  await writeFile(file, '');
  const main = fileURLToPath(import.meta.resolve('./recording-billaged.ts'));

  async function start(port: number) {
    const child = spawn(process.execPath, [main, String(port), file], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [written] = await once(child.stdout, 'data');
    return { child, port: Number(written) };
  }

  let running = await start(0);
  return {
    url: `http://127.0.0.1:${running.port}`,
    file,
    async kill() {
      const exit = once(running.child, 'exit');
      running.child.kill('SIGKILL');
      await exit;
    },
    async start() {
      running = await start(running.port);
    },
    freeze: () => void running.child.kill('SIGSTOP'),
    thaw: () => void running.child.kill('SIGCONT'),
  };
}
