import { unixNanos } from '../time.ts';
import { arrayText } from './column-arrays.ts';
import type { Database, Row } from './database.ts';
import { advanceRollups, vmsAtOnce } from './hour-rollups.ts';
import { removeNotices } from './pending-rows.ts';
import { numberIn, textIn } from './span-columns.ts';
import { lockVms, updateVms } from './vm-table.ts';

const moveHour = { text: 'UPDATE closed SET hour = $1 WHERE hour < $1' };
const readHour = { text: 'SELECT hour FROM closed' };
const oldestSegments = {
  text: `SELECT vms.vm_id, (SELECT min(runs.hour) FROM runs WHERE runs.vm_id = vms.vm_id) AS oldest
    FROM vms WHERE vms.vm_id > $1 ORDER BY vms.vm_id LIMIT 256`,
};
const oldestOf = {
  text: 'SELECT vm_id, min(hour) AS oldest FROM runs WHERE vm_id = ANY($1::text[]) GROUP BY vm_id',
};
const removeSegments = { text: 'DELETE FROM runs WHERE vm_id = $1 AND hour < $2' };
const unsummed = {
  text: `SELECT vm_id FROM vms WHERE vm_id > $1 AND totals_until < last_hour ORDER BY vm_id LIMIT ${vmsAtOnce}`,
};

/** Maximum hours whose segments are removed in one transaction, during which writers wait for the VM. */
const hoursAtOnce = 48;

/** Reads the hour before which all hours are sealed. */
export async function readSealedHour(database: Database): Promise<number> {
  const [row = {}] = await database.read(readHour);
  return numberIn(row, 'hour');
}

/** Seals the hours before one. The stored hour never goes back. */
export async function moveSealedHour(database: Database, hour: number): Promise<void> {
  await database.transact(async (transaction) => {
    transaction.send(moveHour, [hour]);
    removeNotices(transaction, unixNanos({ hour, nanos: 0 }));
  });
}

/** Removes the segments of all VMs before an hour, after making their rollups. Stops early when `isEnough` is true. */
export async function compactBefore(database: Database, hour: number, isEnough: () => boolean): Promise<void> {
  for (let after = ''; !isEnough(); ) {
    const page = await database.read(oldestSegments, [after]);
    if (page.length === 0) return;
    after = textIn(page.at(-1) ?? {}, 'vm_id');
    const due = page.filter((row) => row['oldest'] !== null && numberIn(row, 'oldest') < hour);
    for (const chunk of chunksOf(due)) await untilDone(() => compactSome(database, chunk, hour), isEnough);
  }
}

/** Makes the missing rollups of all ended hours. Stops early when `isEnough` is true. */
export async function makeRollups(database: Database, isEnough: () => boolean): Promise<void> {
  for (let after = ''; !isEnough(); ) {
    const page = await database.read(unsummed, [after]);
    if (page.length === 0) return;
    const chunk = page.map((row) => textIn(row, 'vm_id'));
    after = chunk.at(-1) ?? after;
    await untilDone(() => advanceSome(database, chunk), isEnough);
  }
}

/** Removes the oldest segments of some VMs. @returns whether all that are before the hour are gone */
async function compactSome(database: Database, vmIds: readonly string[], hour: number): Promise<boolean> {
  return await database.transact(async (transaction) => {
    const vms = [...(await lockVms(transaction, customersOf(vmIds))).values()];
    await advanceRollups(transaction, vms, ({ newest }) => Math.max(hour, newest.hour));
    const oldest = await transaction.read(oldestOf, [arrayText(vmIds)]);
    const due = new Map(oldest.map((row) => [textIn(row, 'vm_id'), numberIn(row, 'oldest')]));
    for (const vm of vms) {
      const end = Math.min(hour, vm.rollupsUntil, (due.get(vm.vmId) ?? hour) + hoursAtOnce);
      if (end <= vm.sealedHour) continue;
      vm.sealedHour = end;
      transaction.send(removeSegments, [vm.vmId, end]);
    }
    updateVms(transaction, vms);
    return vms.every(({ sealedHour }) => sealedHour >= hour);
  });
}

/** Makes rollups of the oldest hours of some VMs. @returns whether all are made */
async function advanceSome(database: Database, vmIds: readonly string[]): Promise<boolean> {
  return await database.transact(async (transaction) => {
    const vms = [...(await lockVms(transaction, customersOf(vmIds))).values()];
    const moved = await advanceRollups(transaction, vms, ({ newest }) => newest.hour);
    updateVms(transaction, moved);
    return moved.every(({ rollupsUntil, newest }) => rollupsUntil >= newest.hour);
  });
}

async function untilDone(work: () => Promise<boolean>, isEnough: () => boolean): Promise<void> {
  while (!isEnough() && !(await work()));
}

/** Existing VMs keep their customer. */
function customersOf(vmIds: readonly string[]): Map<string, string> {
  return new Map(vmIds.map((vmId) => [vmId, '']));
}

function* chunksOf(rows: readonly Row[]): Generator<string[]> {
  for (let at = 0; at < rows.length; at += vmsAtOnce) {
    yield rows.slice(at, at + vmsAtOnce).map((row) => textIn(row, 'vm_id'));
  }
}
