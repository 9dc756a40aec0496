import { unixNanos } from '../moment.ts';
import { arrayText } from './array-text.ts';
import type { Database, Row } from './database.ts';
import { numberIn, textIn } from './fact-columns.ts';
import { advanceTotals, vmsAtOnce } from './hour-totals.ts';
import { removeNotices } from './notice-table.ts';
import { lockVms, updateVms } from './vm-table.ts';

const moveHour = { text: 'UPDATE closed SET hour = $1 WHERE hour < $1' };
const readHour = { text: 'SELECT hour FROM closed' };
const oldestRuns = {
  text: `SELECT vms.vm_id, (SELECT min(runs.hour) FROM runs WHERE runs.vm_id = vms.vm_id) AS oldest
    FROM vms WHERE vms.vm_id > $1 ORDER BY vms.vm_id LIMIT 256`,
};
const oldestOf = {
  text: 'SELECT vm_id, min(hour) AS oldest FROM runs WHERE vm_id = ANY($1::text[]) GROUP BY vm_id',
};
const removeRuns = { text: 'DELETE FROM runs WHERE vm_id = $1 AND hour < $2' };
const unsummed = {
  text: `SELECT vm_id FROM vms WHERE vm_id > $1 AND totals_until < last_hour ORDER BY vm_id LIMIT ${vmsAtOnce}`,
};

/** Hours of which runs are removed in one transaction, in which writers wait for the VM. */
const hoursAtOnce = 48;

/** Reads before which hour nothing is added any more. */
export async function readClosedHour(database: Database): Promise<number> {
  const [row = {}] = await database.read(readHour);
  return numberIn(row, 'hour');
}

/** Says that nothing is added before an hour any more. The hour never goes back. */
export async function moveClosedHour(database: Database, hour: number): Promise<void> {
  await database.transact(async (transaction) => {
    transaction.send(moveHour, [hour]);
    removeNotices(transaction, unixNanos({ hour, nanos: 0 }));
  });
}

/** Takes away the runs of all VMs before an hour, once their totals are made. It ends early when it is told to. */
export async function compactBefore(database: Database, hour: number, isEnough: () => boolean): Promise<void> {
  for (let after = ''; !isEnough(); ) {
    const page = await database.read(oldestRuns, [after]);
    if (page.length === 0) return;
    after = textIn(page.at(-1) ?? {}, 'vm_id');
    const due = page.filter((row) => row['oldest'] !== null && numberIn(row, 'oldest') < hour);
    for (const chunk of chunksOf(due)) await untilDone(() => compactSome(database, chunk, hour), isEnough);
  }
}

/** Makes the totals of all hours that have ended for their VM. It ends early when it is told to. */
export async function makeTotals(database: Database, isEnough: () => boolean): Promise<void> {
  for (let after = ''; !isEnough(); ) {
    const page = await database.read(unsummed, [after]);
    if (page.length === 0) return;
    const chunk = page.map((row) => textIn(row, 'vm_id'));
    after = chunk.at(-1) ?? after;
    await untilDone(() => advanceSome(database, chunk), isEnough);
  }
}

/** Removes the oldest runs of some VMs. @returns whether all that are before the hour are gone */
async function compactSome(database: Database, vmIds: readonly string[], hour: number): Promise<boolean> {
  return await database.transact(async (transaction) => {
    const vms = [...(await lockVms(transaction, customersOf(vmIds))).values()];
    await advanceTotals(transaction, vms, ({ newest }) => Math.max(hour, newest.hour));
    const oldest = await transaction.read(oldestOf, [arrayText(vmIds)]);
    const due = new Map(oldest.map((row) => [textIn(row, 'vm_id'), numberIn(row, 'oldest')]));
    for (const vm of vms) {
      const end = Math.min(hour, vm.totalsUntil, (due.get(vm.vmId) ?? hour) + hoursAtOnce);
      if (end <= vm.closedHour) continue;
      vm.closedHour = end;
      transaction.send(removeRuns, [vm.vmId, end]);
    }
    updateVms(transaction, vms);
    return vms.every(({ closedHour }) => closedHour >= hour);
  });
}

/** Makes totals of the oldest hours of some VMs. @returns whether all are made */
async function advanceSome(database: Database, vmIds: readonly string[]): Promise<boolean> {
  return await database.transact(async (transaction) => {
    const vms = [...(await lockVms(transaction, customersOf(vmIds))).values()];
    const moved = await advanceTotals(transaction, vms, ({ newest }) => newest.hour);
    updateVms(transaction, moved);
    return moved.every(({ totalsUntil, newest }) => totalsUntil >= newest.hour);
  });
}

async function untilDone(work: () => Promise<boolean>, isEnough: () => boolean): Promise<void> {
  while (!isEnough() && !(await work()));
}

/** VMs that are there keep their customer. */
function customersOf(vmIds: readonly string[]): Map<string, string> {
  return new Map(vmIds.map((vmId) => [vmId, '']));
}

function* chunksOf(rows: readonly Row[]): Generator<string[]> {
  for (let at = 0; at < rows.length; at += vmsAtOnce) {
    yield rows.slice(at, at + vmsAtOnce).map((row) => textIn(row, 'vm_id'));
  }
}
