import { type Metald, startMetald } from '@vmobs/metald-sim';
import { readMetric, scrape } from '@vmobs/testing';
import { VmState } from '@vmobs/wire/vmprovisioner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../support/protocol-callers.ts';
import { jsonConfig, protocols, type VmCaller } from './clients.ts';

/*
 * What a client gets does not depend on how it asks: every protocol, in every form, on the one port.
 */

let metald: Metald;

beforeAll(async () => {
  const quiet = { port: 0, metricsPort: 0, logLevel: 'silent', billingEnabled: false } as const;
  metald = await startMetald({ ...quiet, timeScale: 1_000, maxVms: 2 });
});
afterAll(() => metald.close());

const unknownVm = 'ud-0000000000000000';
const notFound = { code: 'not_found', message: `VM ${unknownVm} does not exist` };
const noId = { code: 'invalid_argument', message: 'vm_id is required' };
const vmMethods = ['bootVm', 'pauseVm', 'resumeVm', 'rebootVm', 'shutdownVm', 'deleteVm', 'getVmInfo'] as const;

function idOf(outcome: Outcome): string {
  if ('answer' in outcome && 'vmId' in outcome.answer) return String(outcome.answer.vmId);
  throw new Error(`no VM in ${JSON.stringify(outcome)}`);
}

function moved(state: VmState) {
  return { answer: { $typeName: expect.any(String), success: true, state } };
}

function refused(operation: string, vmId: string, state: string, allowed: string) {
  return { code: 'failed_precondition', message: `cannot ${operation} VM ${vmId}: it is ${state}, not ${allowed}` };
}

describe.for(Object.entries(protocols))('%s', ([, open]) => {
  let client: VmCaller;
  beforeAll(() => {
    client = open(metald.url);
  });
  afterAll(() => client.close());

  test('takes a VM through its life, with the answers and the refusals of each state', async () => {
    const { call } = client;
    const created = await call('createVm', { vmId: 'is-ignored', config: jsonConfig });
    const vmId = idOf(created);
    expect(vmId).toMatch(/^ud-[0-9a-f]{16}$/);
    expect(created).toMatchObject({ answer: { state: VmState.CREATED } });
    expect(await call('pauseVm', { vmId })).toEqual(refused('pause', vmId, 'created', 'running'));
    expect(await call('shutdownVm', { vmId })).toEqual(refused('shutdown', vmId, 'created', 'running or paused'));
    expect(await call('bootVm', { vmId })).toEqual(moved(VmState.RUNNING));
    expect(await call('bootVm', { vmId })).toEqual(refused('boot', vmId, 'running', 'created'));
    expect(await call('deleteVm', { vmId })).toEqual(refused('delete', vmId, 'running', 'created or shutdown'));
    expect(await call('pauseVm', { vmId })).toEqual(moved(VmState.PAUSED));
    expect(await call('rebootVm', { vmId })).toEqual(refused('reboot', vmId, 'paused', 'running'));
    expect(await call('resumeVm', { vmId })).toEqual(moved(VmState.RUNNING));
    expect(await call('rebootVm', { vmId })).toEqual(moved(VmState.RUNNING));
    expect(await call('getVmInfo', { vmId })).toMatchObject({
      answer: {
        vmId,
        state: VmState.RUNNING,
        config: { cpu: { vcpuCount: 2 }, memory: { sizeBytes: '1073741824n' } },
        metrics: { memoryUsageBytes: expect.stringMatching(/^[1-9]\d*n$/) },
        backendInfo: { backend: 'cloudhypervisor' },
      },
    });
    expect(await call('listVms', { stateFilter: [VmState.RUNNING] })).toMatchObject({
      answer: { vms: [{ vmId, vcpuCount: 2, memorySizeBytes: '1073741824n' }], nextPageToken: '', totalCount: 1 },
    });
    expect(await call('shutdownVm', { vmId, force: true, timeoutSeconds: 30 })).toEqual(moved(VmState.SHUTDOWN));
    expect(await call('resumeVm', { vmId })).toEqual(refused('resume', vmId, 'shutdown', 'paused'));
    expect(await call('deleteVm', { vmId })).toMatchObject({ answer: { success: true } });
    expect(await call('getVmInfo', { vmId })).toEqual({ code: 'not_found', message: `VM ${vmId} does not exist` });
  });

  test.for(vmMethods)('%s needs the id of a VM that exists', async (method) => {
    expect(await client.call(method, {})).toEqual(noId);
    expect(await client.call(method, { vmId: unknownVm })).toEqual(notFound);
  });

  test('gets the first fault of a configuration before the error of a full host', async () => {
    const { call } = client;
    const ids = [await call('createVm', { config: jsonConfig }), await call('createVm', { config: jsonConfig })];
    const invalid = (message: string) => ({ code: 'invalid_argument', message });
    expect(await call('createVm', {})).toEqual(invalid('config is required'));
    expect(await call('createVm', { config: {} })).toEqual(invalid('config.cpu is required'));
    expect(await call('createVm', { config: { ...jsonConfig, storage: [] } })).toEqual(
      invalid('config.storage needs at least one device'),
    );
    expect(await call('createVm', { config: jsonConfig })).toEqual({
      code: 'resource_exhausted',
      message: 'this host has reached its limit of 2 VMs; delete one first',
    });
    for (const created of ids) await call('deleteVm', { vmId: idOf(created) });
  });

  test('pages through VMs and gets an error for an invalid page', async () => {
    const { call } = client;
    const ids = [await call('createVm', { config: jsonConfig }), await call('createVm', { config: jsonConfig })].map(
      idOf,
    );
    const first = await call('listVms', { pageSize: 1 });
    expect(first).toMatchObject({ answer: { vms: [{ vmId: ids[0] }], totalCount: 2 } });
    const pageToken = 'answer' in first && 'nextPageToken' in first.answer ? String(first.answer.nextPageToken) : '';
    expect(await call('listVms', { pageSize: 2_147_483_647, pageToken })).toMatchObject({
      answer: { vms: [{ vmId: ids[1] }], nextPageToken: '' },
    });
    expect(await call('listVms', { pageSize: -1 })).toEqual({
      code: 'invalid_argument',
      message: 'page_size must not be negative',
    });
    expect(await call('listVms', { pageToken: 'made up' })).toEqual({
      code: 'invalid_argument',
      message: 'unknown page_token',
    });
    for (const vmId of ids) await call('deleteVm', { vmId });
  });

  test('is refused a message of a megabyte, which is counted by its code', async () => {
    const series = { method: 'BootVm', code: 'resource_exhausted' };
    const refusals = async () =>
      readMetric(await scrape(metald.telemetry.metricsUrl ?? ''), 'metald_api_requests_total', series);
    const before = await refusals();
    expect(await client.call('bootVm', { vmId: 'x'.repeat(1024 ** 2) })).toMatchObject({
      code: 'resource_exhausted',
      message: expect.stringContaining('16384'),
    });
    await expect.poll(refusals).toBe(before + 1);
  });
});
