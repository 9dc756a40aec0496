import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Code, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { startBillaged } from '@vmobs/billaged-sim';
import { type MetaldOptions, startMetald } from '@vmobs/metald-sim';
import { eventually, readMetric, scrape } from '@vmobs/testing';
import { BillingService } from '@vmobs/wire/billing';
import { expect, onTestFinished, test } from 'vitest';
import { billingClient } from '../support/clients.ts';
import { startCommandInTest } from '../support/command.ts';
import { createTestFolder } from './crashing-services.ts';

const token = 'the-token-of-this-test';
const right = { headers: { authorization: `Bearer ${token}` } };
const ports = { port: 0, metricsPort: 0 } as const;

async function fileWith(text: string): Promise<string> {
  const file = join(await createTestFolder(), 'token');
  writeFileSync(file, `${text}\n`);
  return file;
}

/** A billaged that requires the token, and the lines of its log. */
async function startGuardedBillaged() {
  const lines: Record<string, unknown>[] = [];
  const billaged = await startBillaged({
    ...ports,
    billingTokenFile: await fileWith(token),
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  onTestFinished(billaged.close);
  return { billaged, lines };
}

async function startBillingMetald(settings: MetaldOptions) {
  const lines: Record<string, unknown>[] = [];
  const logOutput = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const metald = await startMetald({
    ...ports,
    vms: 2,
    billingIntervalMs: 10,
    billingBatchSize: 5,
    logOutput,
    ...settings,
  });
  onTestFinished(metald.close);
  return { metald, lines };
}

const sample = { timestamp: { seconds: 1_700_000_000n, nanos: 0 }, cpuTimeNanos: 1n };
const batch = { vmId: 'ud-1', customerId: 'acme', metrics: [sample] };

test.for([
  ['binary Connect', (url: string) => billingClient(url)],
  ['Connect in JSON', (url: string) => billingClient(url, false)],
  ['gRPC over HTTP/2', (baseUrl: string) => createClient(BillingService, createGrpcTransport({ baseUrl }))],
] as const)('every billing RPC needs the token, in %s', async ([, makeClient]) => {
  const { billaged, lines } = await startGuardedBillaged();
  const client = makeClient(billaged.url);
  for (const header of [{}, { authorization: 'Bearer wrong' }, { authorization: `Basic ${token}` }]) {
    const options = { headers: header };
    const calls = [
      client.sendMetricsBatch(batch, options),
      client.sendHeartbeat({ instanceId: 'x' }, options),
      client.notifyVmStarted({ vmId: 'ud-1' }, options),
      client.notifyVmStopped({ vmId: 'ud-1' }, options),
      client.notifyPossibleGap({ vmId: 'ud-1' }, options),
    ];
    for (const call of calls) {
      await expect(call).rejects.toMatchObject({
        code: Code.Unauthenticated,
        rawMessage: expect.stringContaining('UNKEY_METALD_BILLING_TOKEN_FILE'),
      });
    }
  }
  expect(await (await fetch(`${billaged.url}/v1/usage`)).json()).toMatchObject({ usage: [] });
  expect(await client.notifyVmStarted({ vmId: 'ud-1' }, right)).toMatchObject({ success: true });
  expect(await client.sendMetricsBatch(batch, right)).toMatchObject({ success: true });
  const refused = lines.filter(({ msg }) => msg === 'billing request refused: missing or wrong token');
  expect(refused[0]).toMatchObject({ level: 'warn', remote_address: '127.0.0.1' });
  expect(JSON.stringify(lines)).not.toContain(token);
});

test('of many guesses few are looked at', async () => {
  const { billaged } = await startGuardedBillaged();
  const client = billingClient(billaged.url);
  const codes = await Promise.all(
    Array.from({ length: 200 }, (_, number) =>
      client.sendMetricsBatch(batch, { headers: { authorization: `Bearer guess-${number}` } }).then(
        () => undefined,
        ({ code }: { code: Code }) => code,
      ),
    ),
  );
  expect(new Set(codes)).toEqual(new Set([Code.Unauthenticated, Code.ResourceExhausted]));
  expect(codes.filter((code) => code === Code.Unauthenticated).length).toBeLessThan(100);
});

test('a metald without the right token loses nothing: its batches wait until it has it', async () => {
  const { billaged } = await startGuardedBillaged();
  const spool = await createTestFolder();
  const wrong = await fileWith('another-token-of-this-test');
  const { metald, lines } = await startBillingMetald({
    spool,
    billingEndpoint: billaged.url,
    billingTokenFile: wrong,
  });
  const metric = async (name: string) => readMetric(await scrape(metald.telemetry.metricsUrl), name);
  await eventually(
    () => metric('metald_billing_spool_batches'),
    (batches) => batches >= 5,
  );
  await eventually(
    () =>
      lines.find(
        ({ msg, error }) =>
          /^sending a billing (batch|notice) failed$/.test(String(msg)) && /unauth/.test(String(error)),
      ),
    (line) => line !== undefined,
  );
  expect(await metric('metald_billing_metrics_dropped_total')).toBe(0);
  expect(await metric('metald_billing_batches_set_aside_total')).toBe(0);
  await metald.close();

  // The batches wait on disk; the same metald with the right token sends them.
  const { metrics_left_in_spool: left } = lines.find(({ msg }) => msg === 'billing stopped') ?? {};
  expect(left).toBeGreaterThan(0);
  const billingTokenFile = await fileWith(token);
  const next = await startBillingMetald({ spool, vms: 0, billingEndpoint: billaged.url, billingTokenFile });
  await eventually(
    async () => readMetric(await scrape(next.metald.telemetry.metricsUrl), 'metald_billing_spool_batches'),
    (batches) => batches === 0,
  );
  const { usage } = Object(await (await fetch(`${billaged.url}/v1/usage`)).json());
  expect(usage.reduce((sum: number, { samples }: { samples: number }) => sum + samples, 0)).toBe(left);
});

test.for([
  ['metald-sim', ['--port=0', '--metrics-port=0'], 'UNKEY_METALD_BILLING_TOKEN_FILE'],
  ['metald-sim', ['resend-set-aside', '--spool=/'], 'UNKEY_METALD_BILLING_TOKEN_FILE'],
  ['billaged-sim', ['--port=0', '--database=:memory:'], 'BILLAGED_BILLING_TOKEN_FILE'],
] as const)('%s refuses a token that is too short', async ([name, flags, variable]) => {
  const file = await fileWith('short');
  const { status, stderr } = await startCommandInTest(name, flags, { [variable]: file }).ended();
  expect(status).toBe(2);
  expect(stderr).toContain(
    `${variable}="${file}": allowed is the path of a file with a token of at least 16 printable`,
  );
  expect(stderr).not.toContain('short\n');
});
