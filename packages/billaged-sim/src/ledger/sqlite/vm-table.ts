import type { DatabaseSync } from 'node:sqlite';
import { beforeAll, type HourTime } from '../time.ts';
import type { NamesQuery } from '../usage-page.ts';
import type { VmSummary } from '../vm-summary.ts';

/** What the ledger has cached of a VM. */
export interface VmState {
  /** The number of the VM in the database. */
  readonly id: number;
  readonly vmId: string;
  /** The customer that summaries name. */
  customerId: string;
  isTracked: boolean;
  /** Earliest start notice, Unix nanoseconds. */
  startNanos: bigint | undefined;
  /** Latest stop notice, Unix nanoseconds. */
  stopNanos: bigint | undefined;
  /** Customer of the last batch, and its number. */
  billedCustomer: { readonly name: string; readonly id: number } | undefined;
  /** Time of the newest sample; `beforeAll` when there is none. */
  newest: HourTime;
  /** Its usage up to some segment; `undefined` until it is read, and after a late sample. */
  summary: VmSummary | undefined;
}

/** The VMs and customers. */
export interface VmTable {
  /** VMs that are tracked. */
  readonly tracked: number;
  /** A known VM. */
  find(vmId: string): VmState | undefined;
  findOrAdd(vmId: string, customerId: string): VmState;
  /** Updates the customer, tracking, start or stop of a VM. */
  update(vm: VmState, change: Partial<Pick<VmState, 'customerId' | 'isTracked' | 'startNanos' | 'stopNanos'>>): void;
  /** Sets the billed customer of the next samples. */
  billTo(vm: VmState, customerId: string): void;
  /** The number of a customer. */
  customerNumber(name: string): number;
  /** Names of VMs after a name, in order: of a customer, or of all. */
  names(query: NamesQuery): string[];
  /** Numbers and names of tracked VMs after a number. */
  trackedAfter(id: number, limit: number): { readonly id: number; readonly vmId: string }[];
  /** Numbers and names of VMs after a number. */
  after(id: number, limit: number): { readonly id: number; readonly vmId: string }[];
  /** Empties the cache after a write was rolled back. */
  reset(): void;
}

/** Maximum number of cached VMs: about 1 KB each after their usage was read. */
const mostCached = 32_768;

/** Prepares the statements on VMs and customers. `newestOf` returns the time of the newest sample of a VM. */
export function createVmTable(db: DatabaseSync, newestOf: (vm: number) => HourTime | undefined): VmTable {
  const cache = new Map<string, VmState>();
  const customers = createCustomerTable(db);
  const findVm = db.prepare('SELECT id, customer, tracked, start, stop FROM vms WHERE name = ?');
  findVm.setReadBigInts(true);
  const addVm = db.prepare('INSERT INTO vms (name, customer, tracked) VALUES (?, ?, 0) RETURNING id');
  const updateVm = db.prepare('UPDATE vms SET customer = ?, tracked = ?, start = ?, stop = ? WHERE id = ?');
  const countTracked = db.prepare('SELECT count(*) AS count FROM vms WHERE tracked = 1');
  const readTracked = () => Number(countTracked.get()?.['count']);
  // Read on demand: after a failure the database is not read immediately.
  let tracked: number | undefined;

  function keepInCache(vm: VmState): VmState {
    if (cache.size >= mostCached) {
      for (const oldest of cache.keys()) {
        cache.delete(oldest);
        break;
      }
    }
    cache.set(vm.vmId, vm);
    return vm;
  }
  function find(vmId: string): VmState | undefined {
    const known = cache.get(vmId);
    if (known !== undefined) return known;
    const row = findVm.get(vmId);
    if (row === undefined) return undefined;
    const id = Number(row['id']);
    return keepInCache({
      ...newVm(id, vmId, String(row['customer'])),
      isTracked: Number(row['tracked']) === 1,
      startNanos: typeof row['start'] === 'bigint' ? row['start'] : undefined,
      stopNanos: typeof row['stop'] === 'bigint' ? row['stop'] : undefined,
      newest: newestOf(id) ?? beforeAll,
    });
  }

  return {
    ...createVmLists(db),
    get tracked() {
      tracked ??= readTracked();
      return tracked;
    },
    find,
    findOrAdd: (vmId, customerId) =>
      find(vmId) ?? keepInCache(newVm(Number(addVm.get(vmId, customerId)?.['id']), vmId, customerId)),
    update(vm, change) {
      const wasTracked = vm.isTracked;
      Object.assign(vm, change);
      updateVm.run(vm.customerId, vm.isTracked ? 1 : 0, vm.startNanos ?? null, vm.stopNanos ?? null, vm.id);
      if (tracked !== undefined && vm.isTracked !== wasTracked) tracked += vm.isTracked ? 1 : -1;
    },
    billTo(vm, customerId) {
      if (vm.billedCustomer?.name === customerId) return;
      vm.billedCustomer = { name: customerId, id: customers.addOwner(customerId, vm.vmId) };
    },
    customerNumber: customers.numberOf,
    reset() {
      cache.clear();
      customers.reset();
      tracked = undefined;
    },
  };
}

/** A VM without samples, start or stop. */
function newVm(id: number, vmId: string, customerId: string): VmState {
  return {
    id,
    vmId,
    customerId,
    isTracked: false,
    startNanos: undefined,
    stopNanos: undefined,
    billedCustomer: undefined,
    newest: beforeAll,
    summary: undefined,
  };
}

/** Prepares the statements that list VMs, page by page. */
function createVmLists(db: DatabaseSync): Pick<VmTable, 'names' | 'trackedAfter' | 'after'> {
  const namesOfAll = db.prepare('SELECT name FROM vms WHERE name > ? ORDER BY name LIMIT ?');
  const namesOfCustomer = db.prepare(
    'SELECT vm_name AS name FROM customer_vms WHERE customer = (SELECT id FROM customers WHERE name = ?) AND vm_name > ? ORDER BY vm_name LIMIT ?',
  );
  const trackedAfter = db.prepare('SELECT id, name FROM vms WHERE tracked = 1 AND id > ? ORDER BY id LIMIT ?');
  const allAfter = db.prepare('SELECT id, name FROM vms WHERE id > ? ORDER BY id LIMIT ?');
  const numbered = (row: Record<string, unknown>) => ({ id: Number(row['id']), vmId: String(row['name']) });
  return {
    names: ({ customerId, after, limit }) =>
      (customerId === undefined ? namesOfAll.all(after, limit) : namesOfCustomer.all(customerId, after, limit)).map(
        (row) => String(row['name']),
      ),
    trackedAfter: (id, limit) => trackedAfter.all(id, limit).map(numbered),
    after: (id, limit) => allAfter.all(id, limit).map(numbered),
  };
}

/** Prepares the statements on customers and their VMs. */
function createCustomerTable(db: DatabaseSync) {
  const cache = new Map<string, number>();
  const find = db.prepare('SELECT id FROM customers WHERE name = ?');
  const add = db.prepare('INSERT INTO customers (name) VALUES (?) RETURNING id');
  const addOwner = db.prepare('INSERT OR IGNORE INTO customer_vms (customer, vm_name) VALUES (?, ?)');

  /** The number of a customer; a new one is added. */
  function numberOf(name: string): number {
    let id = cache.get(name);
    if (id !== undefined) return id;
    id = Number((find.get(name) ?? add.get(name))?.['id']);
    if (cache.size >= mostCached) cache.clear();
    cache.set(name, id);
    return id;
  }
  return {
    numberOf,
    /** Records that a VM was billed to a customer. @returns the number of the customer */
    addOwner(name: string, vmId: string): number {
      const id = numberOf(name);
      addOwner.run(id, vmId);
      return id;
    },
    reset: () => cache.clear(),
  };
}
