import { joinStretches } from '../stretch.ts';
import { arrayText } from './array-text.ts';
import { byColumn, insertRows } from './column-set.ts';
import type { Transaction } from './database.ts';
import { type HourStretch, hourStretchOf, numberIn, stretchColumns, stretchValues, textIn } from './fact-columns.ts';
import { stretchColumnList } from './run-table.ts';
import type { VmState } from './vm-state.ts';

/** Hours of a VM, the last one not included. */
export interface HoursOfVm {
  readonly vmId: string;
  readonly from: number;
  readonly to: number;
}

const asked = `unnest($1::text[], $2::bigint[], $3::bigint[]) AS asked (vm_id, from_hour, to_hour)`;

const readRuns = {
  name: 'read_runs_of_hours',
  text: `SELECT ${stretchColumnList('runs')} FROM ${asked} JOIN runs ON runs.vm_id = asked.vm_id
    AND runs.hour >= asked.from_hour AND runs.hour < asked.to_hour ORDER BY runs.vm_id, runs.hour, runs.first_at`,
};

const removeTotal = { text: 'DELETE FROM totals WHERE vm_id = $1 AND hour >= $2 AND hour < $3' };

const insertTotals = insertRows('insert_totals', 'totals', stretchColumns);

const nextHours = {
  text: `SELECT vms.vm_id, (SELECT min(runs.hour) FROM runs WHERE runs.vm_id = vms.vm_id AND runs.hour >= vms.totals_until)
    AS next_hour FROM vms WHERE vms.vm_id = ANY($1::text[])`,
};

/** Hours of a VM of which totals are made in one transaction: some thousand runs for a chunk of VMs. */
const hoursAtOnce = 12;

/** VMs of which totals are made in one transaction. */
export const vmsAtOnce = 16;

/** Makes the totals of hours again, of VMs that are locked. */
export async function remakeTotals(transaction: Transaction, hours: readonly HoursOfVm[]): Promise<void> {
  for (const { vmId, from, to } of hours) transaction.send(removeTotal, [vmId, from, to]);
  await makeTotals(transaction, hours);
}

/** Makes the totals of hours that have none, of VMs that are locked. */
async function makeTotals({ read, send }: Transaction, hours: readonly HoursOfVm[]): Promise<void> {
  const rows = await read(readRuns, [
    arrayText(hours.map(({ vmId }) => vmId)),
    arrayText(hours.map(({ from }) => from)),
    arrayText(hours.map(({ to }) => to)),
  ]);
  const byHour = Map.groupBy(
    rows.map((row) => ({ vmId: textIn(row, 'vm_id'), run: hourStretchOf(row) })),
    ({ vmId, run }) => `${run.hour} ${vmId}`,
  );
  const totals = [...byHour.values()].flatMap((runs) => {
    const [first] = runs;
    if (first === undefined) return [];
    const { hour } = first.run;
    return joinStretches(runs.map(({ run }) => run.stretch)).map((stretch) => {
      const total: HourStretch = { hour, stretch, ...edges(runs, stretch.firstNanos, stretch.lastNanos) };
      return stretchValues(first.vmId, total);
    });
  });
  if (totals.length > 0) send(insertTotals, byColumn(stretchColumns, totals));
}

/** Where in its hour a stretch of some runs begins and ends. */
function edges(runs: readonly { readonly run: HourStretch }[], firstNanos: bigint, lastNanos: bigint) {
  return {
    first: runs.find(({ run }) => run.stretch.firstNanos === firstNanos)?.run.first ?? 0,
    last: runs.find(({ run }) => run.stretch.lastNanos === lastNanos)?.run.last ?? 0,
  };
}

/**
 * Makes totals of VMs that are locked, up to an hour of each, as far as fits into a transaction.
 *
 * @returns the VMs whose `totalsUntil` has moved
 */
export async function advanceTotals(
  transaction: Transaction,
  vms: readonly VmState[],
  hourOf: (vm: VmState) => number,
): Promise<VmState[]> {
  const rows = await transaction.read(nextHours, [arrayText(vms.map(({ vmId }) => vmId))]);
  const next = new Map(
    rows.map((row) => [textIn(row, 'vm_id'), row['next_hour'] === null ? undefined : numberIn(row, 'next_hour')]),
  );
  const moved: VmState[] = [];
  const hours: HoursOfVm[] = [];
  for (const vm of vms) {
    const end = hourOf(vm);
    if (end <= vm.totalsUntil) continue;
    const from = next.get(vm.vmId) ?? end;
    const to = Math.min(end, from + hoursAtOnce);
    if (from < to) hours.push({ vmId: vm.vmId, from, to });
    vm.totalsUntil = to;
    moved.push(vm);
  }
  if (hours.length > 0) await makeTotals(transaction, hours);
  return moved;
}
