import type { VmUsage } from '../ledger.ts';
import { usedNothing } from '../stretch.ts';
import { arrayText } from './array-text.ts';
import { byColumn, insertRows } from './column-set.ts';
import type { Transaction } from './database.ts';
import { type VmState, vmColumns, vmStateOf, vmValues } from './vm-state.ts';

const names = vmColumns.map(([name]) => name);

/** The columns of a VM as a list. */
export const vmColumnList = names.join(', ');

/**
 * Inserts the VMs that are new and locks all of them, in the order in which they are given. A row is locked by an upsert,
 * since not every database can lock rows on several machines by SELECT ... FOR UPDATE.
 */
const lock = {
  name: 'lock_vms',
  text: `INSERT INTO vms (vm_id, customer_id) SELECT * FROM unnest($1::text[], $2::text[])
    ON CONFLICT (vm_id) DO UPDATE SET locks = vms.locks + 1 RETURNING ${vmColumnList}`,
};

const update = insertRows(
  'update_vms',
  'vms',
  vmColumns,
  `ON CONFLICT (vm_id) DO UPDATE SET ${names
    .slice(1)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`,
);

const payers = insertRows(
  'add_payers',
  'vm_customers',
  [
    ['vm_id', 'text'],
    ['customer_id', 'text'],
  ],
  'ON CONFLICT (vm_id, customer_id) DO NOTHING',
);

/**
 * Locks VMs until the transaction ends and reads them. Every transaction that locks several does it by this, first of all
 * and once, in the order of their names: so none waits for one that waits for it.
 *
 * @param customers whom each VM is for if it is new
 */
export async function lockVms(
  { read }: Transaction,
  customers: ReadonlyMap<string, string>,
): Promise<Map<string, VmState>> {
  const vmIds = [...customers.keys()].sort();
  const rows = await read(lock, [arrayText(vmIds), arrayText(vmIds.map((vmId) => customers.get(vmId) ?? ''))]);
  return new Map(rows.map(vmStateOf).map((vm) => [vm.vmId, vm]));
}

/** Writes VMs that are locked. */
export function updateVms({ send }: Transaction, vms: readonly VmState[]): void {
  if (vms.length > 0) send(update, byColumn(vmColumns, vms.map(vmValues)));
}

/** Notes that customers have paid for VMs. */
export function addPayers(
  { send }: Transaction,
  pairs: readonly (readonly [vmId: string, customerId: string])[],
): void {
  if (pairs.length === 0) return;
  send(payers, [arrayText(pairs.map(([vmId]) => vmId)), arrayText(pairs.map(([, customerId]) => customerId))]);
}

/** What a VM has used since ever. */
export function usageOf({ vmId, customerId, startNanos, summary }: VmState): VmUsage {
  const first = summary?.firstNanos;
  const start = startNanos === undefined || (first !== undefined && first < startNanos) ? first : startNanos;
  return {
    ...(summary?.used ?? usedNothing),
    vmId,
    customerId,
    startNanos: start ?? 0n,
    endNanos: summary?.last.lastNanos ?? start ?? 0n,
  };
}
