import { joinWithinQuarters } from '../quarters.ts';
import { arrayText, byColumn, insertRows } from './column-arrays.ts';
import type { Transaction } from './database.ts';
import { spanColumnList } from './segment-table.ts';
import { type HourSpan, hourSpanOf, numberIn, spanColumns, spanValues, textIn } from './span-columns.ts';
import type { VmState } from './vm-table.ts';

/** Hours of a VM, `to` exclusive. */
export interface HoursOfVm {
  readonly vmId: string;
  readonly from: number;
  readonly to: number;
}

const asked = `unnest($1::text[], $2::bigint[], $3::bigint[]) AS asked (vm_id, from_hour, to_hour)`;

const readSegments = {
  name: 'read_segments_of_hours',
  text: `SELECT ${spanColumnList('runs')} FROM ${asked} JOIN runs ON runs.vm_id = asked.vm_id
    AND runs.hour >= asked.from_hour AND runs.hour < asked.to_hour ORDER BY runs.vm_id, runs.hour, runs.first_at`,
};

const removeRollup = { text: 'DELETE FROM totals WHERE vm_id = $1 AND hour >= $2 AND hour < $3' };

const insertRollups = insertRows('insert_rollups', 'totals', spanColumns);

const nextHours = {
  text: `SELECT vms.vm_id, (SELECT min(runs.hour) FROM runs WHERE runs.vm_id = vms.vm_id AND runs.hour >= vms.totals_until)
    AS next_hour FROM vms WHERE vms.vm_id = ANY($1::text[])`,
};

/** Maximum hours of a VM whose rollups are made in one transaction: some thousand segments for a chunk of VMs. */
const hoursAtOnce = 12;

/** Maximum VMs whose rollups are made in one transaction. */
export const vmsAtOnce = 16;

/** Makes the rollups of hours again. The VMs must be locked. */
export async function remakeRollups(transaction: Transaction, hours: readonly HoursOfVm[]): Promise<void> {
  for (const { vmId, from, to } of hours) transaction.send(removeRollup, [vmId, from, to]);
  await makeRollups(transaction, hours);
}

/** Makes the rollups of hours that have none. The VMs must be locked. */
async function makeRollups({ read, send }: Transaction, hours: readonly HoursOfVm[]): Promise<void> {
  const rows = await read(readSegments, [
    arrayText(hours.map(({ vmId }) => vmId)),
    arrayText(hours.map(({ from }) => from)),
    arrayText(hours.map(({ to }) => to)),
  ]);
  const byHour = Map.groupBy(
    rows.map((row) => ({ vmId: textIn(row, 'vm_id'), segment: hourSpanOf(row) })),
    ({ vmId, segment }) => `${segment.hour} ${vmId}`,
  );
  const rollups = [...byHour.values()].flatMap((segments) => {
    const [first] = segments;
    if (first === undefined) return [];
    const { hour } = first.segment;
    return joinWithinQuarters(segments.map(({ segment }) => segment.span)).map((span) => {
      const rollup: HourSpan = { hour, span, ...edges(segments, span.firstNanos, span.lastNanos) };
      return spanValues(first.vmId, rollup);
    });
  });
  if (rollups.length > 0) send(insertRollups, byColumn(spanColumns, rollups));
}

/** Nanoseconds in the hour at which a span of segments starts and ends. */
function edges(segments: readonly { readonly segment: HourSpan }[], firstNanos: bigint, lastNanos: bigint) {
  return {
    first: segments.find(({ segment }) => segment.span.firstNanos === firstNanos)?.segment.first ?? 0,
    last: segments.find(({ segment }) => segment.span.lastNanos === lastNanos)?.segment.last ?? 0,
  };
}

/**
 * Makes rollups up to an hour of each VM, as many as fit into one transaction. The VMs must be locked.
 *
 * @returns the VMs whose `rollupsUntil` has moved
 */
export async function advanceRollups(
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
    if (end <= vm.rollupsUntil) continue;
    const from = next.get(vm.vmId) ?? end;
    const to = Math.min(end, from + hoursAtOnce);
    if (from < to) hours.push({ vmId: vm.vmId, from, to });
    vm.rollupsUntil = to;
    moved.push(vm);
  }
  if (hours.length > 0) await makeRollups(transaction, hours);
  return moved;
}
