import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, type ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { VmService, VmState } from '@vmobs/wire/vmprovisioner';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type MetaldOptions, startMetald } from './app.ts';
import { startRecordingBillaged } from './testing/recording-billaged.ts';

/** How long a slow machine may take. */
const patience = { timeout: 20_000, interval: 25 };

const vmConfig = {
  cpu: { vcpuCount: 1 },
  memory: { sizeBytes: 1n << 30n },
  boot: { kernelPath: '/vmlinux' },
  storage: [{ path: '/rootfs', isRootDevice: true }],
};

/** A metald whose faults can be switched, for the length of one test. Its hypervisor takes no time. */
async function startFaultyMetald(options: MetaldOptions = {}) {
  const metald = await startMetald({
    port: 0,
    metricsPort: 0,
    logLevel: 'silent',
    billingEnabled: false,
    simControl: true,
    hypervisor: { perform: async () => undefined },
    ...options,
  });
  onTestFinished(metald.close);
  const control = (method: string, fault = '', body?: object) =>
    fetch(`${metald.url}/sim/faults${fault && `/${fault}`}`, { method, ...(body && { body: JSON.stringify(body) }) });
  const api = createClient(VmService, createConnectTransport({ baseUrl: metald.url, httpVersion: '1.1' }));
  return {
    url: metald.url,
    control,
    api,
    createVm: async () => (await api.createVm({ config: vmConfig })).vmId,
    stateOf: async (vmId: string) => (await api.getVmInfo({ vmId })).state,
    async switchOn(fault: string, body: object = {}): Promise<void> {
      const response = await control('PUT', fault, body);
      if (!response.ok) throw new Error(await response.text());
    },
    async switchOff(fault: string): Promise<void> {
      await control('DELETE', fault);
    },
    /** The value of the first series with this beginning; NaN when there is none. */
    async read(series: string): Promise<number> {
      const page = await (await fetch(`${metald.telemetry.metricsUrl}/metrics`)).text();
      const line = page.split('\n').find((one) => one.startsWith(series));
      return Number(line?.slice(line.lastIndexOf(' ')));
    },
  };
}

/** The code that an RPC fails with. */
const codeOf = (rpc: Promise<unknown>) =>
  rpc.then(
    () => 'ok',
    (error: ConnectError) => Code[error.code],
  );

describe('control', () => {
  test('is not there unless it is asked for', async () => {
    const { control } = await startFaultyMetald({ simControl: false });
    for (const [method, fault] of [
      ['GET', ''],
      ['PUT', 'cpu-burn'],
      ['DELETE', ''],
    ] as const) {
      expect((await control(method, fault)).status).toBe(404);
    }
  });

  test('has the faults of any service and those of metald, each with a metric', async () => {
    const { control, read } = await startFaultyMetald();
    const { faults } = (await (await control('GET')).json()) as { faults: { name: string }[] };
    const names = faults.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['cpu-burn', 'api-errors', 'boot-failures', 'sample-gaps']));
    for (const name of names) expect(await read(`sim_fault_active{fault="${name}"}`)).toBe(0);
  });

  test('asks for the token of a file, for the truth as well', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'metald-faults-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'token'), 's3cret\n');
    const { url, control, api } = await startFaultyMetald({ simControlTokenFile: join(folder, 'token') });
    expect((await control('PUT', 'api-errors', { size: 1 })).status).toBe(401);
    expect((await fetch(`${url}/sim/truth`)).status).toBe(401);
    expect((await fetch(`${url}/sim/truth`, { headers: { authorization: 'Bearer s3cret' } })).status).toBe(200);
    expect(await codeOf(api.listVms({}))).toBe('ok');
  });
});

describe('the API', () => {
  test.for([
    { code: 'unavailable', answered: 'Unavailable', internalErrors: 0 },
    { code: 'internal', answered: 'Internal', internalErrors: 1 },
  ])('fails with the code that was asked for: $code', async ({ code, answered, internalErrors }) => {
    const { switchOn, switchOff, api, read } = await startFaultyMetald();
    await switchOn('api-errors', { size: 1, code });
    expect(await codeOf(api.listVms({}))).toBe(answered);
    await expect.poll(() => read(`metald_api_errors_total{method="ListVms",code="${code}"}`), patience).toBe(1);
    expect(await read('metald_errors_total{component="api"}')).toBe(internalErrors);
    await switchOff('api-errors');
    expect(await codeOf(api.listVms({}))).toBe('ok');
  });

  test('is slow: clients run into their deadlines, and who waits is answered when it is over', async () => {
    const { switchOn, switchOff, api } = await startFaultyMetald();
    await switchOn('api-latency', { size: 60_000 });
    expect(await codeOf(api.listVms({}, { timeoutMs: 50 }))).toBe('DeadlineExceeded');
    const waiting = codeOf(api.listVms({}));
    expect(await codeOf(api.listVms({}, { timeoutMs: 50 }))).toBe('DeadlineExceeded');
    await switchOff('api-latency');
    expect(await waiting).toBe('ok');
  });
});

describe('the hypervisor', () => {
  test('boot-failures: the VM stays as it was, and boots afterwards', async () => {
    const { switchOn, switchOff, api, createVm, stateOf, read } = await startFaultyMetald();
    const vmId = await createVm();
    await switchOn('boot-failures', { size: 1 });
    expect(await codeOf(api.bootVm({ vmId }))).toBe('Internal');
    expect(await stateOf(vmId)).toBe(VmState.CREATED);
    expect(await read('metald_vm_operations_total{operation="boot",status="failed"}')).toBe(1);
    expect(await read('metald_errors_total{component="backend"}')).toBe(1);
    await switchOff('boot-failures');
    expect(await codeOf(api.bootVm({ vmId }))).toBe('ok');
    expect(await stateOf(vmId)).toBe(VmState.RUNNING);
  });

  test('boot-failures strikes with its probability, the same boots from the same seed', async () => {
    const outcomes = async () => {
      const { switchOn, api, createVm } = await startFaultyMetald({ seed: 7 });
      await switchOn('boot-failures', { size: 0.5 });
      const codes: (string | undefined)[] = [];
      for (let count = 0; count < 20; count += 1) codes.push(await codeOf(api.bootVm({ vmId: await createVm() })));
      return codes;
    };
    const first = await outcomes();
    expect(new Set(first)).toEqual(new Set(['ok', 'Internal']));
    expect(await outcomes()).toEqual(first);
  });

  test('a fleet that churns is whole again when what has failed its boots is over', async () => {
    const { switchOn, switchOff, read } = await startFaultyMetald({ vms: 10, churn: 6_000 });
    const running = () => read('metald_vms_total{state="running"}');
    await switchOn('boot-failures', { size: 1 });
    await expect.poll(running, patience).toBe(0);
    await switchOff('boot-failures');
    await expect.poll(running, patience).toBeGreaterThanOrEqual(9);
    await expect.poll(() => read('metald_vms_total{state="created"}'), patience).toBe(0);
  });

  test('slow-boots: a boot takes longer than its hypervisor, and ends with the fault', async () => {
    const booted = Promise.withResolvers<void>();
    const { switchOn, switchOff, api, createVm, stateOf } = await startFaultyMetald({
      hypervisor: {
        async perform(operation) {
          if (operation !== 'boot') return;
          await new Promise((resolve) => setTimeout(resolve, 500));
          booted.resolve();
        },
      },
    });
    const vmId = await createVm();
    await switchOn('slow-boots', { size: 100 });
    const boot = codeOf(api.bootVm({ vmId }));
    await booted.promise;
    expect(await stateOf(vmId)).toBe(VmState.CREATED);
    await switchOff('slow-boots');
    expect(await boot).toBe('ok');
    expect(await stateOf(vmId)).toBe(VmState.RUNNING);
  });

  test('backend-unreachable: every operation fails, the host is degraded, and both recover', async () => {
    const { url, switchOn, switchOff, api, createVm, read } = await startFaultyMetald();
    const vmId = await createVm();
    const health = async () => {
      const response = await fetch(`${url}/_/health`);
      const { status, backend, checks } = (await response.json()) as {
        status: string;
        backend: object;
        checks: { backend_ping: { status: string; error?: string } };
      };
      const { backend_ping: ping } = checks;
      return { code: response.status, status, backend, ping: [ping.status, ping.error] };
    };
    const type = 'cloudhypervisor';
    const cause = 'connect ECONNREFUSED /run/metald/hypervisor.sock';
    await switchOn('backend-unreachable');
    expect(await codeOf(api.createVm({ config: vmConfig }))).toBe('Internal');
    await expect(api.bootVm({ vmId })).rejects.toThrow(`[internal] the hypervisor could not boot VM ${vmId}`);
    expect(await codeOf(api.getVmInfo({ vmId }))).toBe('Internal');
    expect(await health()).toEqual({
      code: 503,
      status: 'degraded',
      backend: { type, status: 'degraded', error: cause },
      ping: ['degraded', cause],
    });
    expect(await read('metald_errors_total{component="backend"}')).toBe(3);
    // What needs no hypervisor goes on.
    expect(await codeOf(api.listVms({}))).toBe('ok');
    await switchOff('backend-unreachable');
    expect(await codeOf(api.bootVm({ vmId }))).toBe('ok');
    expect(await codeOf(api.getVmInfo({ vmId }))).toBe('ok');
    expect(await health()).toEqual({
      code: 200,
      status: 'healthy',
      backend: { type, status: 'healthy' },
      ping: ['healthy', undefined],
    });
  });
});

/** A metald that sends a batch for each five samples, a sample every 20 ms, of one VM. */
async function startBillingMetald(options: MetaldOptions = {}) {
  const billaged = await startRecordingBillaged();
  const metald = await startFaultyMetald({
    billingEnabled: true,
    billingEndpoint: billaged.url,
    billingIntervalMs: 20,
    billingBatchSize: 5,
    vms: 1,
    ...options,
  });
  await expect.poll(() => billaged.batches.length, patience).toBeGreaterThan(0);
  return { ...metald, ...billaged, url: metald.url };
}

describe('billing', () => {
  test('billing-endpoint-failing: batches fail and wait, and all arrive in order afterwards', async () => {
    const { switchOn, switchOff, read, batches } = await startBillingMetald();
    await switchOn('billing-endpoint-failing');
    await expect.poll(() => read('metald_billing_batch_failures_total'), patience).toBeGreaterThan(0);
    await expect.poll(() => read('metald_billing_spool_batches'), patience).toBeGreaterThan(1);
    expect(await read('metald_errors_total{component="billing"}')).toBeGreaterThan(0);
    const before = batches.length;
    const waiting = await read('metald_billing_spool_batches');
    await switchOff('billing-endpoint-failing');
    await expect.poll(() => batches.length, patience).toBeGreaterThan(before + waiting);
    const times = batches.flatMap((batch) => batch.times);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
    expect(await read('metald_billing_metrics_dropped_total{reason="refused"}')).toBe(0);
  });

  test('billing-endpoint-slow: batches are late, and go on when it is over', async () => {
    const { switchOn, switchOff, read, batches } = await startBillingMetald();
    await switchOn('billing-endpoint-slow', { size: 9_000 });
    await expect.poll(() => read('metald_billing_spool_batches'), patience).toBeGreaterThan(3);
    const before = batches.length;
    await switchOff('billing-endpoint-slow');
    await expect.poll(() => batches.length, patience).toBeGreaterThan(before + 3);
    expect(await read('metald_billing_batch_failures_total')).toBe(0);
  });

  test('duplicate-sends: what was acknowledged comes a second time, until it is over', async () => {
    const { switchOn, switchOff, batches } = await startBillingMetald();
    const duplicates = () => {
      const firsts = batches.map(({ times }) => times[0]);
      return firsts.length - new Set(firsts).size;
    };
    await switchOn('duplicate-sends', { size: 1 });
    await expect.poll(duplicates, patience).toBeGreaterThan(1);
    await switchOff('duplicate-sends');
    // What was under way when it was switched off has come by the second batch from now.
    const next = async () => expect.poll(() => batches.length, patience).toBeGreaterThan(batches.length + 1);
    await next();
    const seen = duplicates();
    await next();
    expect(duplicates()).toBe(seen);
  });
});

describe('the spool', () => {
  /** A metald that bills, with a spool on disk and a log that can be read. */
  async function startSpoolingMetald() {
    const spool = await mkdtemp(join(tmpdir(), 'metald-faults-'));
    onTestFinished(() => rm(spool, { recursive: true }));
    const log: unknown[] = [];
    const logOutput = { write: (line: string) => void log.push(JSON.parse(line)) };
    const metald = await startBillingMetald({ spool, logLevel: 'warn', logOutput });
    return {
      ...metald,
      spool,
      log,
      failures: (operation: string) => metald.read(`metald_billing_spool_failures_total{operation="${operation}"}`),
      lost: (reason: string) => metald.read(`metald_billing_metrics_dropped_total{reason="${reason}"}`),
      /** Waits until that many batches more have come. */
      async more(count: number): Promise<void> {
        const before = metald.batches.length;
        await expect.poll(() => metald.batches.length, patience).toBeGreaterThanOrEqual(before + count);
      },
    };
  }

  test('spool-failing: what cannot be written is lost and said to be; what is stored is sent, and all is well again', async () => {
    const { switchOn, switchOff, read, batches, gaps, spool, log, failures, lost, more } = await startSpoolingMetald();
    const waiting = () => read('metald_billing_spool_batches');
    await switchOn('billing-endpoint-failing');
    await expect.poll(waiting, patience).toBeGreaterThan(1);
    await switchOn('spool-failing');
    await expect.poll(() => lost('spool_unwritable'), patience).toBeGreaterThan(0);
    expect(await failures('write')).toBeGreaterThan(0);
    await switchOff('billing-endpoint-failing');
    await expect.poll(waiting, patience).toBe(0);
    expect(gaps).toEqual([]);

    await switchOff('spool-failing');
    await expect.poll(() => gaps.length, patience).toBe(1);
    const before = [await lost('spool_unwritable'), await failures('write')];
    await more(3);
    expect([await lost('spool_unwritable'), await failures('write')]).toEqual(before);

    // billaged is told of exactly what is missing, and has everything else once.
    const [gap] = gaps;
    const times = batches.flatMap((batch) => batch.times);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(times.filter((time) => time >= (gap?.fromMs ?? 0) && time < (gap?.untilMs ?? 0))).toEqual([]);
    expect(times).toContain(gap?.untilMs);
    expect([await failures('sync'), await lost('damaged'), await lost('refused')]).toEqual([0, 0, 0]);
    const said = 'ENOSPC: no space left on device, write';
    expect(log).toEqual(
      expect.arrayContaining(
        [
          { operation: 'write', error: said, msg: 'the spool cannot use its folder' },
          { operation: 'store_batch', reason: 'spool_unwritable', error: `cannot write to ${spool}: ${said}` },
        ].map((line) => expect.objectContaining({ level: 'error', ...line })),
      ),
    );
  });

  test('spool-failing with EIO: nothing is synced, and without a power cut nothing is lost', async () => {
    const { switchOn, switchOff, batches, gaps, log, failures, lost, more } = await startSpoolingMetald();
    await switchOn('spool-failing', { error: 'EIO' });
    await expect.poll(() => failures('sync'), patience).toBeGreaterThan(1);
    await more(3);
    await switchOff('spool-failing');
    const before = await failures('sync');
    await more(30);
    expect(await failures('sync')).toBe(before);
    expect([await failures('write'), await lost('spool_unwritable'), gaps]).toEqual([0, 0, []]);
    const times = batches.flatMap((batch) => batch.times);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(log).toContainEqual(
      expect.objectContaining({ level: 'error', operation: 'sync', error: 'EIO: i/o error, fdatasync' }),
    );
  });
});

describe('sampling', () => {
  test('clock-skew: samples are ahead of their time, then there are none until it is reached', async () => {
    let offsetMs = 0;
    const { switchOn, switchOff, batches } = await startBillingMetald({ now: () => Date.now() + offsetMs });
    const lastTime = () => batches.at(-1)?.times.at(-1) ?? 0;
    expect(lastTime()).toBeLessThanOrEqual(Date.now());
    await switchOn('clock-skew', { size: 3_600 });
    await expect.poll(lastTime, patience).toBeGreaterThan(Date.now() + 3_500_000);
    await switchOff('clock-skew');
    offsetMs = 3_700_000;
    // The clock has caught up, and the times are its own again.
    await expect.poll(lastTime, patience).toBeGreaterThan(Date.now() + 3_690_000);
    const times = batches.flatMap((batch) => batch.times);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test.for(['sample-gaps', 'backend-unreachable'])(
    '%s: nothing is sampled, billaged is told from when to when, and sampling goes on',
    async (fault) => {
      const { switchOn, switchOff, read, batches, gaps } = await startBillingMetald();
      const collected = () => read('metald_billing_metrics_collected_total');
      await switchOn(fault, { size: 1 });
      // The interval that was under way ends.
      await expect
        .poll(async () => {
          const before = await collected();
          await new Promise((resolve) => setTimeout(resolve, 100));
          return (await collected()) - before;
        }, patience)
        .toBe(0);
      expect(gaps).toEqual([]);
      const sampled = await collected();
      await switchOff(fault);
      await expect.poll(collected, patience).toBeGreaterThan(sampled + 10);
      await expect.poll(() => gaps.length, patience).toBe(1);
      const [gap] = gaps;
      expect(gap?.vmId).toBe(batches[0]?.vmId);
      expect((gap?.untilMs ?? 0) - (gap?.fromMs ?? 0)).toBeGreaterThan(90);
    },
  );
});
