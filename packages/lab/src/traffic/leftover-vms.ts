import { Code, ConnectError } from '@connectrpc/connect';
import type { VmClient } from './vm-client.ts';

/** Key of the metadata in which each VM of the traffic names its client. */
export const clientKey = 'vmobs_client';

/**
 * Deletes every VM of a client, in whatever state, and also those of an earlier run under the same name. So a life cycle that
 * failed, or an answer that was lost, never takes a place on the host for good.
 *
 * @throws ConnectError when metald cannot list or delete; what is left can be deleted by another call
 */
export async function deleteLeftoverVms(client: VmClient, name: string): Promise<void> {
  const leftovers: string[] = [];
  let pageToken = '';
  do {
    const page = await client.listVms({ pageToken });
    leftovers.push(...page.vms.filter(({ metadata }) => metadata[clientKey] === name).map(({ vmId }) => vmId));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  for (const vmId of leftovers) await deleteVm(client, vmId);
}

/** Deletes a VM in whatever state; one that is gone already is as good. @throws ConnectError */
export async function deleteVm(client: VmClient, vmId: string): Promise<void> {
  await client.deleteVm({ vmId, force: true }).catch((error: unknown) => {
    if (ConnectError.from(error).code !== Code.NotFound) throw error;
  });
}
