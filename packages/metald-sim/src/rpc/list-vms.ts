import { Code, ConnectError } from '@connectrpc/connect';
import type { ListVmsRequest } from '@vmobs/wire/vmprovisioner';
import type { Vm } from '../fleet/vm.ts';
import { fromWireState } from './states.ts';

/** The largest page, and the page without a size: clients of the real metald expect all VMs and read only one page. */
const largestPage = 1_000;

/** One page of a list. */
export interface VmPage<Config> {
  readonly vms: readonly Vm<Config>[];
  readonly nextPageToken: string;
  readonly totalCount: number;
}

/**
 * Takes one page of all VMs in the order of their creation. A page begins after the last VM of the page before, so pages
 * neither repeat nor skip a VM that exists throughout, whatever is created and deleted in between.
 *
 * @throws ConnectError `invalid_argument` for a negative page size or an unknown token.
 */
export function pageOf<Config>(
  vms: Iterable<Vm<Config>>,
  { stateFilter, pageSize, pageToken }: ListVmsRequest,
): VmPage<Config> {
  if (pageSize < 0) throw new ConnectError('page_size must not be negative', Code.InvalidArgument);
  const size = Math.min(pageSize || largestPage, largestPage);
  const after = ordinalOf(pageToken);
  const states = new Set(stateFilter.map(fromWireState));
  const page: Vm<Config>[] = [];
  let totalCount = 0;
  let isLast = true;
  for (const vm of vms) {
    if (states.size > 0 && !states.has(vm.state)) continue;
    totalCount += 1;
    if (vm.ordinal <= after) continue;
    if (page.length < size) page.push(vm);
    else isLast = false;
  }
  const last = page.at(-1);
  return { vms: page, nextPageToken: isLast || last === undefined ? '' : tokenOf(last.ordinal), totalCount };
}

function tokenOf(ordinal: number): string {
  return Buffer.from(`after:${ordinal}`).toString('base64url');
}

function ordinalOf(token: string): number {
  if (token === '') return -1;
  const ordinal = /^after:(\d{1,15})$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (ordinal === undefined) throw new ConnectError('unknown page_token', Code.InvalidArgument);
  return Number(ordinal);
}
