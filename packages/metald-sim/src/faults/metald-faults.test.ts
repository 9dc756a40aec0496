import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Code, type ConnectError } from '@connectrpc/connect';
import { VmState } from '@vmobs/wire/vmprovisioner';
import { describe, expect, onTestFinished, test } from 'vitest';
import { patience, startFaultyMetald, vmConfig } from '../testing/faulty-metald.ts';

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
    await writeFile(join(folder, 'token'), 's3cret-of-17-chars\n');
    const { url, control, api } = await startFaultyMetald({ simControlTokenFile: join(folder, 'token') });
    expect((await control('PUT', 'api-errors', { size: 1 })).status).toBe(401);
    expect((await fetch(`${url}/sim/truth`)).status).toBe(401);
    expect((await fetch(`${url}/sim/truth`, { headers: { authorization: 'Bearer s3cret-of-17-chars' } })).status).toBe(
      200,
    );
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

  test('is slow: clients exceed their deadlines, and waiting calls succeed afterwards', async () => {
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

  test('backend-unreachable: operations fail and the host is degraded until it ends', async () => {
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
    // What needs no hypervisor continues.
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
