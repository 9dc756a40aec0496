import { type Billaged, startBillaged } from '@vmobs/billaged-sim';
import { startMetald } from '@vmobs/metald-sim';
import { eventually, readMetric, scrape } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startCommandInTest } from '../support/command.ts';
import { createTestFolder } from './crashing-services.ts';

/** Runs the command that sends batches again. */
function resend(spool: string, endpoint: string) {
  const flags = ['resend-set-aside', `--spool=${spool}`, `--billing-endpoint=${endpoint}`];
  return startCommandInTest('metald-sim', flags).ended();
}

/** The samples that are billed. */
async function billedSamples({ url }: Billaged): Promise<number> {
  const { usage }: { usage: { samples: number }[] } = JSON.parse(await (await fetch(`${url}/v1/usage`)).text());
  return usage.reduce((sum, { samples }) => sum + samples, 0);
}

/** A metald and a billaged whose clock is ten minutes behind until `setClock`: it rejects every batch. */
async function startWithWrongClock() {
  const spool = await createTestFolder();
  let behindMs = 600_000;
  const billaged = await startBillaged({
    port: 0,
    metricsPort: 0,
    logLevel: 'silent',
    now: () => Date.now() - behindMs,
  });
  onTestFinished(billaged.close);
  const lines: Record<string, unknown>[] = [];
  const metald = await startMetald({
    port: 0,
    metricsPort: 0,
    vms: 2,
    billingEndpoint: billaged.url,
    billingIntervalMs: 10,
    billingBatchSize: 5,
    spool,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  onTestFinished(metald.close);
  const setAside = async () =>
    readMetric(await scrape(metald.telemetry.metricsUrl), 'metald_billing_batches_set_aside_total');
  await eventually(setAside, (batches) => batches >= 5);
  const collected = async () => {
    await metald.close();
    const { metrics_collected: all, metrics_left_in_spool: left } =
      lines.find(({ msg }) => msg === 'billing stopped') ?? {};
    return { all: Number(all), left: Number(left) };
  };
  return { billaged, spool, collected, setClock: () => (behindMs = 0) };
}

test('batches that were set aside are billed by one command, once, while metald runs', async () => {
  const { billaged, spool, collected, setClock } = await startWithWrongClock();

  const rejected = await resend(spool, billaged.url);
  expect(rejected).toMatchObject({ status: 3, stderr: '' });
  expect(rejected.stdout).toMatch(
    /^rejected: VM "ud-[0-9a-f]{16}" of "\S+", 5 samples from \S+Z to \S+Z: all 5 metrics that are more than 5 minutes/,
  );
  expect(rejected.stdout).toMatch(/\naccepted 0 batches with 0 samples; rejected \d+, which are kept\n$/);

  setClock();
  const accepted = await resend(spool, billaged.url);
  expect(accepted).toMatchObject({ status: 0, stderr: '' });
  expect(accepted.stdout).toMatch(/^accepted [1-9]\d* batches with \d+ samples; rejected 0, which are kept\n$/);

  // What metald has set aside between the command's last look and the right clock.
  const { all, left } = await collected();
  expect(await resend(spool, billaged.url)).toMatchObject({ status: 0 });
  const billed = await billedSamples(billaged);
  // On a slow machine the last batches may be left in the spool, with or without having arrived.
  expect(billed).toBeLessThanOrEqual(all);
  expect(billed).toBeGreaterThanOrEqual(all - left);
  expect(await resend(spool, billaged.url)).toMatchObject({
    status: 0,
    stdout: 'accepted 0 batches with 0 samples; rejected 0, which are kept\n',
  });
  expect(await billedSamples(billaged)).toBe(billed);
});

test('a billaged that does not answer costs nothing: the batches stay', async () => {
  const { billaged, spool, collected, setClock } = await startWithWrongClock();
  await collected();
  setClock();
  const other = await startBillaged({ port: 0, metricsPort: 0, logLevel: 'silent' });
  await other.close();
  const { status, stderr } = await resend(spool, other.url);
  expect(status).toBe(1);
  expect(stderr).toContain(`billaged at ${other.url}/ does not accept batches now (Unavailable: `);
  expect(await resend(spool, billaged.url)).toMatchObject({ status: 0 });
  expect(await billedSamples(billaged)).toBeGreaterThan(0);
});

test('the command says where it looks, and refuses a spool that has no file', async () => {
  const help = await startCommandInTest('metald-sim', ['resend-set-aside', '--help']).ended();
  expect(help.stdout).toContain(
    'Exit status: 0 done, 1 failed, 2 a flag or setting that cannot be used, 3 some batches',
  );
  const missing = await resend('/nowhere/at/all', 'localhost:1');
  expect(missing).toMatchObject({
    status: 1,
    stderr: 'metald-sim resend-set-aside: there is no spool folder /nowhere/at/all\n',
  });
  expect(await resend('memory', 'localhost:1')).toMatchObject({ status: 1 });
});
