import { Code, ConnectError } from '@connectrpc/connect';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import { VmState } from '@vmobs/wire/vmprovisioner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { validConfig, vmClient } from '../support/clients.ts';

let metald: Metald;

beforeAll(async () => {
  metald = await startMetald({
    port: 0,
    metricsPort: 0,
    logLevel: 'silent',
    billingEnabled: false,
    timeScale: 1_000,
    maxVms: 4,
  });
});
afterAll(() => metald.close());

async function codeOf(work: Promise<unknown>): Promise<Code | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => ConnectError.from(error).code,
  );
}

describe.each([
  ['binary', true],
  ['JSON', false],
])('a Connect client that speaks %s', (_form, useBinaryFormat) => {
  test('takes a VM through its whole life', async () => {
    const client = vmClient(metald.url, useBinaryFormat);
    const { vmId, state } = await client.createVm({ vmId: 'is-ignored', config: validConfig });
    expect(vmId).toMatch(/^ud-[0-9a-f]{16}$/);
    expect(state).toBe(VmState.CREATED);
    expect(await client.bootVm({ vmId })).toMatchObject({ success: true, state: VmState.RUNNING });
    expect(await client.pauseVm({ vmId })).toMatchObject({ success: true, state: VmState.PAUSED });
    expect(await client.resumeVm({ vmId })).toMatchObject({ success: true, state: VmState.RUNNING });
    expect(await client.rebootVm({ vmId })).toMatchObject({ success: true, state: VmState.RUNNING });

    const info = await client.getVmInfo({ vmId });
    expect(info).toMatchObject({ vmId, state: VmState.RUNNING, config: { cpu: { vcpuCount: 2 } } });
    expect(info.metrics?.memoryUsageBytes).toBeGreaterThan(0n);
    const { vms, totalCount } = await client.listVms({ stateFilter: [VmState.RUNNING] });
    expect(vms).toMatchObject([{ vmId, vcpuCount: 2, memorySizeBytes: 1024n ** 3n }]);
    expect(totalCount).toBe(1);

    expect(await client.shutdownVm({ vmId })).toMatchObject({ success: true, state: VmState.SHUTDOWN });
    expect(await client.deleteVm({ vmId })).toMatchObject({ success: true });
    expect(await codeOf(client.getVmInfo({ vmId }))).toBe(Code.NotFound);
  });

  test('gets the documented codes', async () => {
    const client = vmClient(metald.url, useBinaryFormat);
    expect(await codeOf(client.createVm({}))).toBe(Code.InvalidArgument);
    expect(await codeOf(client.bootVm({}))).toBe(Code.InvalidArgument);
    expect(await codeOf(client.bootVm({ vmId: 'ud-0000000000000000' }))).toBe(Code.NotFound);
    expect(await codeOf(client.listVms({ pageToken: 'made up' }))).toBe(Code.InvalidArgument);

    const created = await Promise.all(Array.from({ length: 4 }, () => client.createVm({ config: validConfig })));
    expect(await codeOf(client.createVm({ config: validConfig }))).toBe(Code.ResourceExhausted);
    expect(await codeOf(client.resumeVm({ vmId: created[0]?.vmId ?? '' }))).toBe(Code.FailedPrecondition);
    await Promise.all(created.map(({ vmId }) => client.deleteVm({ vmId })));
  });

  test('deletes a running VM only by force', async () => {
    const client = vmClient(metald.url, useBinaryFormat);
    const { vmId } = await client.createVm({ config: validConfig });
    await client.bootVm({ vmId });
    expect(await codeOf(client.deleteVm({ vmId }))).toBe(Code.FailedPrecondition);
    expect(await client.deleteVm({ vmId, force: true })).toMatchObject({ success: true });
  });
});
