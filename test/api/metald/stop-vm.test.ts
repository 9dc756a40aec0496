import { type Metald, startMetald } from '@vmobs/metald-sim';
import { VmState } from '@vmobs/wire/vmprovisioner';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { jsonConfig, protocols, type VmCaller } from './clients.ts';

/*
 * How ShutdownVm and DeleteVm stop a VM: what they ask of the hypervisor, and what others see while a guest takes its time.
 */

let metald: Metald;
const lines: Record<string, unknown>[] = [];
/** Grace of each shutdown that the hypervisor was asked for, in seconds. */
const graces: (number | undefined)[] = [];
/** Guests that do not end by themselves. */
let guestHangs = false;
let guestEnds = Promise.withResolvers<void>();

beforeAll(async () => {
  metald = await startMetald({
    port: 0,
    metricsPort: 0,
    billingEnabled: false,
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
    hypervisor: {
      async perform(operation, _vmId, stop) {
        if (operation !== 'shutdown') return;
        graces.push(stop?.graceSeconds);
        if (guestHangs) stop?.onOverdue();
        await guestEnds.promise;
      },
    },
  });
});
afterAll(() => metald.close());
beforeEach(() => {
  graces.length = 0;
  lines.length = 0;
  guestHangs = false;
  guestEnds = Promise.withResolvers();
  guestEnds.resolve();
});

async function bootVm({ call }: VmCaller): Promise<string> {
  const created = await call('createVm', { config: jsonConfig });
  const vmId = 'answer' in created && 'vmId' in created.answer ? String(created.answer.vmId) : expect.unreachable();
  await call('bootVm', { vmId });
  return vmId;
}

describe.for(['Connect in JSON on HTTP/1.1', 'gRPC-Web on HTTP/1.1', 'gRPC of the gRPC project'])(
  'over %s',
  (protocol) => {
    let client: VmCaller;
    beforeAll(() => {
      client = protocols[protocol]?.(metald.url) ?? expect.unreachable();
    });
    afterAll(() => client.close());

    test.for([
      ['its timeout', { timeoutSeconds: 7 }, 7],
      ['half a minute when it names none', {}, 30],
      ['none with force', { force: true }, 0],
      ['none with force, whatever the timeout', { force: true, timeoutSeconds: 2_147_483_647 }, 0],
      ['as long as an int32 can say', { timeoutSeconds: 2_147_483_647 }, 2_147_483_647],
    ] as const)('a shutdown gives the guest %s', async ([, how, graceSeconds]) => {
      const vmId = await bootVm(client);
      expect(await client.call('shutdownVm', { vmId, ...how })).toMatchObject({
        answer: { success: true, state: VmState.SHUTDOWN },
      });
      expect(graces).toEqual([graceSeconds]);
      const { force, timeoutSeconds } = { force: false, timeoutSeconds: 0, ...how };
      await expect
        .poll(() => lines.find(({ msg, operation }) => msg === 'rpc success' && operation === 'shutdown'))
        .toMatchObject({ vm_id: vmId, force, timeout_seconds: timeoutSeconds });
      await client.call('deleteVm', { vmId });
    });

    test('a timeout below zero is refused, with or without force, and the VM runs on', async () => {
      const vmId = await bootVm(client);
      for (const force of [false, true]) {
        expect(await client.call('shutdownVm', { vmId, force, timeoutSeconds: -1 })).toEqual({
          code: 'invalid_argument',
          message: 'timeout_seconds must not be negative',
        });
      }
      expect(await client.call('shutdownVm', { timeoutSeconds: -1 })).toMatchObject({ message: 'vm_id is required' });
      expect(graces).toEqual([]);
      expect(await client.call('getVmInfo', { vmId })).toMatchObject({ answer: { state: VmState.RUNNING } });
      await client.call('deleteVm', { vmId, force: true });
    });

    test('a VM whose guest is shutting down is listed, uses nothing and takes no operation', async () => {
      const vmId = await bootVm(client);
      guestEnds = Promise.withResolvers();
      const shutdown = client.call('shutdownVm', { vmId });
      await expect.poll(() => graces).toHaveLength(1);
      const during = await client.call('getVmInfo', { vmId });
      expect(during).toMatchObject({ answer: { state: VmState.RUNNING, metrics: { uptimeSeconds: '0n' } } });
      for (const force of [false, true]) {
        expect(await client.call('shutdownVm', { vmId, force })).toEqual({
          code: 'failed_precondition',
          message: `VM ${vmId} has another operation in progress`,
        });
      }
      expect(await client.call('getVmInfo', { vmId })).toEqual(during);
      guestEnds.resolve();
      expect(await shutdown).toMatchObject({ answer: { state: VmState.SHUTDOWN } });
      const after = await client.call('getVmInfo', { vmId });
      expect(after).toMatchObject({ answer: { state: VmState.SHUTDOWN } });
      expect(after).not.toHaveProperty('answer.metrics');
      await client.call('deleteVm', { vmId });
    });

    test('a guest that exceeds its grace is switched off, with a warning that names the VM', async () => {
      const vmId = await bootVm(client);
      guestHangs = true;
      expect(await client.call('shutdownVm', { vmId, timeoutSeconds: 3 })).toMatchObject({
        answer: { success: true, state: VmState.SHUTDOWN },
      });
      expect(lines.filter(({ level, operation }) => level === 'warn' && operation === 'shutdown')).toEqual([
        expect.objectContaining({
          operation: 'shutdown',
          vm_id: vmId,
          timeout_seconds: 3,
          msg: 'the guest did not shut down in time: its vm is switched off',
        }),
      ]);
      await client.call('deleteVm', { vmId });
    });

    test('a forced delete of a VM that runs switches it off', async () => {
      const vmId = await bootVm(client);
      expect(await client.call('deleteVm', { vmId, force: true })).toMatchObject({ answer: { success: true } });
      expect(graces).toEqual([0]);
      expect(await client.call('getVmInfo', { vmId })).toMatchObject({ code: 'not_found' });
    });
  },
);
