import type { DatabaseSync } from 'node:sqlite';
import { beforeAll, type Moment } from '../moment.ts';
import type { VmSummary } from '../vm-summary.ts';

/** What the ledger has in mind of a VM that it was lately asked about. */
export interface VmState {
  /** The number of the VM in the database. */
  readonly id: number;
  readonly vmId: string;
  /** Whom summaries name. */
  customerId: string;
  isTracked: boolean;
  /** Earliest start notice, Unix nanoseconds. */
  startNanos: bigint | undefined;
  /** Latest stop notice, Unix nanoseconds. */
  stopNanos: bigint | undefined;
  /** Customer of the last batch, and its number. */
  payer: { readonly name: string; readonly id: number } | undefined;
  /** The newest sample; without one before all times. */
  newest: Moment;
  /** What it has used up to some run; `undefined` until someone asks, and after a late sample. */
  summary: VmSummary | undefined;
}

/** The VMs and customers. */
export interface VmTable {
  /** VMs that are tracked. */
  readonly tracked: number;
  /** A VM that was seen before. */
  find(vmId: string): VmState | undefined;
  findOrAdd(vmId: string, customerId: string): VmState;
  /** Writes down a change of customer, tracking or start. */
  update(vm: VmState, change: Partial<Pick<VmState, 'customerId' | 'isTracked' | 'startNanos' | 'stopNanos'>>): void;
  /** Says who pays for the samples that come now. @returns the number of the customer */
  payFor(vm: VmState, customerId: string): number;
  /** The number of a customer. */
  customerNumber(name: string): number;
  /** Names of VMs after a name, in order: of a customer, or of all. */
  names(query: { customerId?: string | undefined; after: string; limit: number }): string[];
  /** Numbers and names of tracked VMs after a number. */
  trackedAfter(id: number, limit: number): { readonly id: number; readonly vmId: string }[];
  /** Numbers and names of VMs after a number. */
  after(id: number, limit: number): { readonly id: number; readonly vmId: string }[];
  /** Forgets what is in mind, after something that was written did not happen. */
  reset(): void;
}

/** VMs that are kept in mind: about 1 KB each once someone has asked what they used. */
const mostInMind = 32_768;

/** Prepares the statements on VMs and customers. `newestOf` reads the time of the newest sample of a VM. */
export function createVmTable(db: DatabaseSync, newestOf: (vm: number) => Moment | undefined): VmTable {
  const inMind = new Map<string, VmState>();
  const customers = new Map<string, number>();
  const findVm = db.prepare('SELECT id, customer, tracked, start, stop FROM vms WHERE name = ?');
  findVm.setReadBigInts(true);
  const addVm = db.prepare('INSERT INTO vms (name, customer, tracked) VALUES (?, ?, 0) RETURNING id');
  const updateVm = db.prepare('UPDATE vms SET customer = ?, tracked = ?, start = ?, stop = ? WHERE id = ?');
  const countTracked = db.prepare('SELECT count(*) AS count FROM vms WHERE tracked = 1');
  const findCustomer = db.prepare('SELECT id FROM customers WHERE name = ?');
  const addCustomer = db.prepare('INSERT INTO customers (name) VALUES (?) RETURNING id');
  const addOwner = db.prepare('INSERT OR IGNORE INTO customer_vms (customer, vm_name) VALUES (?, ?)');
  const namesOfAll = db.prepare('SELECT name FROM vms WHERE name > ? ORDER BY name LIMIT ?');
  const namesOfCustomer = db.prepare(
    'SELECT vm_name AS name FROM customer_vms WHERE customer = (SELECT id FROM customers WHERE name = ?) AND vm_name > ? ORDER BY vm_name LIMIT ?',
  );
  const trackedAfter = db.prepare('SELECT id, name FROM vms WHERE tracked = 1 AND id > ? ORDER BY id LIMIT ?');
  const allAfter = db.prepare('SELECT id, name FROM vms WHERE id > ? ORDER BY id LIMIT ?');
  const readTracked = () => Number(countTracked.get()?.['count']);
  // Unknown until it is asked for: a database that has just failed is not read at once.
  let tracked: number | undefined;

  function keepInMind(vm: VmState): VmState {
    if (inMind.size >= mostInMind) {
      for (const oldest of inMind.keys()) {
        inMind.delete(oldest);
        break;
      }
    }
    inMind.set(vm.vmId, vm);
    return vm;
  }
  function find(vmId: string): VmState | undefined {
    const known = inMind.get(vmId);
    if (known !== undefined) return known;
    const row = findVm.get(vmId);
    if (row === undefined) return undefined;
    const id = Number(row['id']);
    return keepInMind({
      id,
      vmId,
      customerId: String(row['customer']),
      isTracked: Number(row['tracked']) === 1,
      startNanos: typeof row['start'] === 'bigint' ? row['start'] : undefined,
      stopNanos: typeof row['stop'] === 'bigint' ? row['stop'] : undefined,
      payer: undefined,
      newest: newestOf(id) ?? beforeAll,
      summary: undefined,
    });
  }
  function customerNumber(name: string): number {
    let id = customers.get(name);
    if (id !== undefined) return id;
    id = Number((findCustomer.get(name) ?? addCustomer.get(name))?.['id']);
    if (customers.size >= mostInMind) customers.clear();
    customers.set(name, id);
    return id;
  }
  const numbered = (row: Record<string, unknown>) => ({ id: Number(row['id']), vmId: String(row['name']) });

  return {
    get tracked() {
      tracked ??= readTracked();
      return tracked;
    },
    find,
    findOrAdd: (vmId, customerId) =>
      find(vmId) ??
      keepInMind({
        id: Number(addVm.get(vmId, customerId)?.['id']),
        vmId,
        customerId,
        isTracked: false,
        startNanos: undefined,
        stopNanos: undefined,
        payer: undefined,
        newest: beforeAll,
        summary: undefined,
      }),
    update(vm, change) {
      const wasTracked = vm.isTracked;
      Object.assign(vm, change);
      updateVm.run(vm.customerId, vm.isTracked ? 1 : 0, vm.startNanos ?? null, vm.stopNanos ?? null, vm.id);
      if (tracked !== undefined && vm.isTracked !== wasTracked) tracked += vm.isTracked ? 1 : -1;
    },
    payFor(vm, customerId) {
      if (vm.payer?.name !== customerId) {
        const id = customerNumber(customerId);
        addOwner.run(id, vm.vmId);
        vm.payer = { name: customerId, id };
      }
      return vm.payer.id;
    },
    customerNumber,
    names: ({ customerId, after, limit }) =>
      (customerId === undefined ? namesOfAll.all(after, limit) : namesOfCustomer.all(customerId, after, limit)).map(
        (row) => String(row['name']),
      ),
    trackedAfter: (id, limit) => trackedAfter.all(id, limit).map(numbered),
    after: (id, limit) => allAfter.all(id, limit).map(numbered),
    reset() {
      inMind.clear();
      customers.clear();
      tracked = undefined;
    },
  };
}
