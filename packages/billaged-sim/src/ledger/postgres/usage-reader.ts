import { type Bounds, boundsOf, hoursOf } from '../bounds.ts';
import { usedInPeriod } from '../cut-period.ts';
import type { PeriodUsage, UsagePage, UsageQuery, VmUsage } from '../ledger.ts';
import { hourSeconds } from '../run.ts';
import { arrayText } from './array-text.ts';
import type { Database, Row } from './database.ts';
import { type HourStretch, hourStretchOf, textIn } from './fact-columns.ts';
import { stretchColumnList } from './run-table.ts';
import { vmStateOf } from './vm-state.ts';
import { usageOf, vmColumnList } from './vm-table.ts';

/** Derives what was used. */
export interface UsageReader {
  usage(query: UsageQuery): Promise<UsagePage>;
  tracked(activeSinceNanos?: bigint): AsyncGenerator<VmUsage>;
}

const defaultLimit = 1_000;

/** Rows that are read at once, about. A VM is read as a whole, however many it has. */
const rowsAtOnce = 4_000;

/** VMs of which summaries are read at once. */
const summariesAtOnce = 500;

const namesOfAll = { text: 'SELECT vm_id FROM vms WHERE vm_id > $1 ORDER BY vm_id LIMIT $2' };
const namesOfCustomer = {
  text: 'SELECT vm_id FROM vm_customers WHERE vm_id > $1 AND customer_id = $3 ORDER BY vm_id LIMIT $2',
};

/**
 * Reads VMs in a period, in one statement and so in one state of the database: totals where there are, else runs, from the
 * last hour with samples before the period on, whose end says what the period begins with.
 */
const stretches = {
  name: 'read_stretches',
  text: `WITH asked AS (
      SELECT vm_id, totals_until, coalesce(
        (SELECT max(r.hour) FROM runs r WHERE r.vm_id = vms.vm_id AND r.hour >= vms.totals_until AND r.hour < $2),
        (SELECT max(t.hour) FROM totals t WHERE t.vm_id = vms.vm_id AND t.hour < vms.totals_until AND t.hour < $2),
        $2
      ) AS begin_hour
      FROM vms WHERE vm_id = ANY($1::text[])
    )
    SELECT ${stretchColumnList('totals')} FROM asked JOIN totals ON totals.vm_id = asked.vm_id
      AND totals.hour >= asked.begin_hour AND totals.hour < asked.totals_until AND totals.hour < $3
    UNION ALL
    SELECT ${stretchColumnList('runs')} FROM asked JOIN runs ON runs.vm_id = asked.vm_id
      AND runs.hour >= asked.begin_hour AND runs.hour >= asked.totals_until AND runs.hour < $3
    ORDER BY vm_id, hour, first_at`,
};

/** The time of a VM is that of its newest sample or, without one, of its start. */
const trackedVms = {
  text: `SELECT ${vmColumnList} FROM vms WHERE tracked AND vm_id > $1
    AND ((last_hour, last_at) >= ($2, $3) OR (last_hour IS NULL AND coalesce(started_at, 0) >= $4))
    ORDER BY vm_id LIMIT ${summariesAtOnce}`,
};

const hourNanos = BigInt(hourSeconds) * 1_000_000_000n;
const lowest = -(2n ** 63n);

/** Makes the reader of a database. */
export function createUsageReader(database: Database): UsageReader {
  async function* readVms(vmIds: readonly string[], from: number, to: number) {
    let size = 8;
    for (let at = 0; at < vmIds.length; ) {
      const some = vmIds.slice(at, at + size);
      at += size;
      const rows = await database.read(stretches, [arrayText(some), from, to]);
      const ofVm = Map.groupBy(rows, (row) => textIn(row, 'vm_id'));
      for (const vmId of some) yield { vmId, parts: (ofVm.get(vmId) ?? []).map(hourStretchOf) };
      size = Math.max(1, Math.min(128, Math.floor((rowsAtOnce * some.length) / Math.max(1, rows.length))));
    }
  }

  return {
    async usage(query) {
      const { customerId, vmId, after = '', limit = defaultLimit } = query;
      const bounds = boundsOf(query);
      const { from, to } = hoursOf(bounds);
      const found =
        customerId === undefined
          ? () => database.read(namesOfAll, [after, limit + 1])
          : () => database.read(namesOfCustomer, [after, limit + 1, customerId]);
      const names =
        vmId === undefined ? (await found()).map((row) => textIn(row, 'vm_id')) : [vmId].filter((name) => name > after);
      const page = names.slice(0, limit);
      const rows: PeriodUsage[] = [];
      for await (const { vmId, parts } of readVms(page, from, to))
        rows.push(...usageIn(vmId, parts, bounds, customerId));
      return { rows, next: names.length > limit ? page.at(-1) : undefined };
    },
    async *tracked(activeSinceNanos = lowest) {
      const hour = activeSinceNanos / hourNanos - (activeSinceNanos % hourNanos < 0n ? 1n : 0n);
      const since = [hour, activeSinceNanos - hour * hourNanos, activeSinceNanos];
      for (let after = ''; ; ) {
        const rows: readonly Row[] = await database.read(trackedVms, [after, ...since]);
        if (rows.length === 0) return;
        after = textIn(rows.at(-1) ?? {}, 'vm_id');
        for (const row of rows) yield usageOf(vmStateOf(row));
      }
    },
  };
}

/** What a VM used in a period, of which there may be an hour before. */
function usageIn(vmId: string, parts: readonly HourStretch[], bounds: Bounds, customerId?: string): PeriodUsage[] {
  const { from } = hoursOf(bounds);
  const before = parts.findLast(({ hour }) => hour < from);
  const inPeriod = parts.filter(({ hour }) => hour >= from).map(({ stretch }) => stretch);
  return usedInPeriod(before?.stretch, inPeriod, bounds)
    .filter((use) => customerId === undefined || use.customerId === customerId)
    .sort((a, b) => (a.customerId < b.customerId ? -1 : 1))
    .map((use) => ({ vmId, ...use }));
}
