import { createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { type Metald, startMetald } from '@vmobs/metald-sim';
import { VmService, VmState } from '@vmobs/wire/vmprovisioner';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { validConfig } from '../../support/clients.ts';

/*
 * Lists of a host on which VMs come and go between one page and the next.
 */

let metald: Metald;

beforeAll(async () => {
  const quiet = { port: 0, metricsPort: 0, logLevel: 'silent', billingEnabled: false } as const;
  metald = await startMetald({ ...quiet, maxVms: 100, timeScale: 1_000_000 });
});
afterAll(() => metald.close());

function clientOf(protocol: string) {
  const baseUrl = metald.url;
  const isGrpc = protocol === 'gRPC';
  return createClient(
    VmService,
    isGrpc ? createGrpcTransport({ baseUrl }) : createConnectTransport({ baseUrl, httpVersion: '1.1' }),
  );
}
type VmClient = ReturnType<typeof clientOf>;

/** Creates and deletes VMs, as others do, until it is told to stop. @returns how many */
async function comeAndGo(client: VmClient, isOver: () => boolean): Promise<number> {
  let lives = 0;
  for (; !isOver(); lives += 1) {
    const { vmId } = await client.createVm({ config: validConfig });
    if (lives % 2 === 0) await client.bootVm({ vmId });
    await client.deleteVm({ vmId, force: true });
  }
  return lives;
}

async function listAll(client: VmClient, stateFilter: VmState[]): Promise<string[]> {
  const ids: string[] = [];
  for (let pageToken = ''; ; ) {
    const page = await client.listVms({ stateFilter, pageSize: 3, pageToken });
    expect(page.vms.length).toBeLessThanOrEqual(3);
    for (const { vmId, state } of page.vms) {
      ids.push(vmId);
      if (stateFilter.length > 0) expect(stateFilter).toContain(state);
    }
    pageToken = page.nextPageToken;
    if (pageToken === '') return ids;
  }
}

test.for(['Connect', 'gRPC'])('over %s, a VM that stays is on exactly one page of every list', async (protocol) => {
  const client = clientOf(protocol);
  const staying: string[] = [];
  const others: Promise<number>[] = [];
  let isOver = false;
  for (let index = 0; index < 10; index += 1) {
    const { vmId } = await client.createVm({ config: validConfig });
    await client.bootVm({ vmId });
    staying.push(vmId);
    // Between those that stay, so that every page has some that do not.
    others.push(comeAndGo(client, () => isOver));
  }
  try {
    for (const stateFilter of [[], [VmState.RUNNING], [VmState.RUNNING, VmState.CREATED]]) {
      for (let round = 0; round < 3; round += 1) {
        const listed = await listAll(client, stateFilter);
        expect(new Set(listed).size).toBe(listed.length);
        expect(listed.filter((vmId) => staying.includes(vmId))).toEqual(staying);
      }
    }
  } finally {
    isOver = true;
    for (const lives of await Promise.all(others)) expect(lives).toBeGreaterThan(0);
  }
  for (const vmId of staying) await client.deleteVm({ vmId, force: true });
  expect(await listAll(client, [])).toEqual([]);
});
