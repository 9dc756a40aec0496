import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { createRandom } from '../billing-ledger/seeded-random.ts';
import { readMetric, scrape } from '../parsers/scrape.ts';
import { type RunningCommand, startCommand, untilReady } from '../processes/command.ts';
import { eventually } from '../processes/eventually.ts';
import { validConfig, vmClient } from '../wire/clients.ts';
import { readBill, readTruth } from './bill-and-truth.ts';
import { billagedFaults, metaldFaults, type ScheduledFault, switchAllOff, switchOn } from './fault-schedule.ts';

/** Rounds of faults. The long proof has 40: `BILLING_EXACTNESS_ROUNDS=40`. */
const rounds = Number(process.env['BILLING_EXACTNESS_ROUNDS'] ?? 6);

const random = createRandom(Number(process.env['BILLING_EXACTNESS_SEED'] ?? 3));

function pick<T>(choices: readonly T[]): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error('there is nothing to choose from');
  return choice;
}

/** A billaged that is killed and started again over the same file, on the same port. */
async function startMortalBillaged(folder: string) {
  const lives: RunningCommand[] = [];
  const start = async (port: number) => {
    const life = startCommand('billaged-sim', [`--port=${port}`, '--metrics-port=0'], {
      BILLAGED_DATABASE: join(folder, 'billaged.db'),
      SIM_CONTROL: 'true',
    });
    lives.push(life);
    return { life, ...(await untilReady(life)) };
  };
  onTestFinished(() => {
    for (const life of lives) life.signal('SIGKILL');
  });
  let running = await start(0);
  const { url } = running;
  return {
    url,
    async killAndStart() {
      running.life.signal('SIGKILL');
      await running.life.ended();
      running = await start(Number(new URL(url).port));
    },
  };
}

async function startMetald(billingEndpoint: string, folder: string) {
  const metald = startCommand('metald-sim', ['--port=0', '--metrics-port=0'], {
    UNKEY_METALD_BILLING_ENDPOINT: billingEndpoint,
    UNKEY_METALD_BILLING_INTERVAL: '10ms',
    UNKEY_METALD_BILLING_BATCH_SIZE: '25',
    UNKEY_METALD_SIM_SPOOL: join(folder, 'spool'),
    UNKEY_METALD_SIM_TIME_SCALE: '10000',
    UNKEY_METALD_MAX_PROCESSES: '10000',
    SIM_CONTROL: 'true',
  });
  onTestFinished(() => metald.signal('SIGKILL'));
  return untilReady(metald);
}

test(`over ${rounds} rounds of faults on both sides the bill is the ground truth, to the last unit`, {
  timeout: 90_000 + rounds * 15_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'billing-exactness-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const billaged = await startMortalBillaged(folder);
  const metald = await startMetald(billaged.url, folder);
  const vms = vmClient(metald.url);
  const running: string[] = [];

  async function begin(customer: string) {
    const { vmId } = await vms.createVm({ config: validConfig }, { headers: { baggage: `tenant_id=${customer}` } });
    await vms.bootVm({ vmId });
    running.push(vmId);
  }
  async function end(vmId: string | undefined) {
    if (vmId !== undefined) await vms.shutdownVm({ vmId });
  }
  async function disturbVms() {
    await begin(pick(['acme', 'globex', 'initech']));
    await vms.rebootVm({ vmId: pick(running) });
    const paused = pick(running);
    await vms.pauseVm({ vmId: paused });
    await sleep(100 * random());
    await vms.resumeVm({ vmId: paused });
    if (random() < 0.3) await end(running.splice(Math.floor(random() * running.length), 1)[0]);
  }

  for (const customer of ['acme', 'globex', 'initech', 'acme']) await begin(customer);
  const struck = new Set<string>();
  for (let round = 0; round < rounds; round += 1) {
    // Each fault has its turn; which of the other side strikes with it is drawn.
    const faults: readonly [string, ScheduledFault][] = [
      [metald.url, metaldFaults[round % metaldFaults.length] ?? pick(metaldFaults)],
      [billaged.url, billagedFaults[round % billagedFaults.length] ?? pick(billagedFaults)],
      [billaged.url, pick(billagedFaults)],
    ];
    for (const [url, fault] of faults) {
      await switchOn(url, fault);
      struck.add(fault.name);
    }
    await disturbVms();
    await sleep(300 + 700 * random());
    if (random() < 0.5) await billaged.killAndStart();
    await disturbVms();
    await switchAllOff(billaged.url);
    await switchAllOff(metald.url);
  }
  // The end of a VM sends what its last batch has.
  while (running.length > 0) await end(running.pop());
  const waiting = async () => readMetric(await scrape(metald.metricsUrl), 'metald_billing_queue_batches');
  // As long as it takes, if it goes on.
  for (let left = await waiting(); left > 0; ) left = await eventually(waiting, (batches) => batches < left);

  const truth = await readTruth(metald.url);
  expect(await readBill(billaged.url)).toEqual(truth);
  const families = await scrape(metald.metricsUrl);
  expect(readMetric(families, 'metald_billing_metrics_dropped_total')).toBe(0);
  const samples = truth.reduce((sum, vm) => sum + vm.samples, 0);
  expect(readMetric(families, 'metald_billing_metrics_collected_total')).toBe(samples);
  expect(truth.length).toBeGreaterThan(4);
  process.stdout.write(
    `measured: ${rounds} rounds, ${struck.size} kinds of faults, ${truth.length} VMs, ${samples} samples, all of them billed once\n`,
  );
});
