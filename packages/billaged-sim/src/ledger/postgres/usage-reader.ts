import type { PeriodUsage, UsagePage, UsageQuery, VmUsage } from '../ledger.ts';
import { type Bounds, hoursOf } from '../period-usage.ts';
import { hourTimeOf } from '../time.ts';
import { type NamesQuery, readPage, rowsOfVm } from '../usage-page.ts';
import { vmUsageOf } from '../vm-summary.ts';
import { arrayText } from './column-arrays.ts';
import type { Database, Row } from './database.ts';
import { spanColumnList } from './segment-table.ts';
import { hourSpanOf, textIn } from './span-columns.ts';
import { vmColumnList, vmStateOf } from './vm-table.ts';

/** Reads usage. */
export interface UsageReader {
  usage(query: UsageQuery): Promise<UsagePage>;
  tracked(activeSinceNanos?: bigint): AsyncGenerator<VmUsage>;
}

/** Approximate number of rows to read at once. A VM is always read completely. */
const rowsAtOnce = 4_000;

/** Number of VMs whose summaries are read at once. */
const summariesAtOnce = 500;

const namesOfAll = { text: 'SELECT vm_id FROM vms WHERE vm_id > $1 ORDER BY vm_id LIMIT $2' };
const namesOfCustomer = {
  text: 'SELECT vm_id FROM vm_customers WHERE vm_id > $1 AND customer_id = $3 ORDER BY vm_id LIMIT $2',
};

/**
 * Reads VMs in a period with one statement, and so from one snapshot: rollups where there are any, else segments. It starts
 * with the last hour with samples before the period, since usage grows from its end.
 */
const spans = {
  name: 'read_spans',
  text: `WITH asked AS (
      SELECT vm_id, totals_until, coalesce(
        (SELECT max(r.hour) FROM runs r WHERE r.vm_id = vms.vm_id AND r.hour >= vms.totals_until AND r.hour < $2),
        (SELECT max(t.hour) FROM totals t WHERE t.vm_id = vms.vm_id AND t.hour < vms.totals_until AND t.hour < $2),
        $2
      ) AS begin_hour
      FROM vms WHERE vm_id = ANY($1::text[])
    )
    SELECT ${spanColumnList('totals')} FROM asked JOIN totals ON totals.vm_id = asked.vm_id
      AND totals.hour >= asked.begin_hour AND totals.hour < asked.totals_until AND totals.hour < $3
    UNION ALL
    SELECT ${spanColumnList('runs')} FROM asked JOIN runs ON runs.vm_id = asked.vm_id
      AND runs.hour >= asked.begin_hour AND runs.hour >= asked.totals_until AND runs.hour < $3
    ORDER BY vm_id, hour, first_at`,
};

/** The last activity of a VM is its newest sample or, without one, its start. */
const trackedVms = {
  text: `SELECT ${vmColumnList} FROM vms WHERE tracked AND vm_id > $1
    AND ((last_hour, last_at) >= ($2, $3) OR (last_hour IS NULL AND coalesce(started_at, 0) >= $4))
    ORDER BY vm_id LIMIT ${summariesAtOnce}`,
};

const lowest = -(2n ** 63n);

/** Makes the reader of a database. */
export function createUsageReader(database: Database): UsageReader {
  async function* readVms(vmIds: readonly string[], bounds: Bounds): AsyncGenerator<PeriodUsage[]> {
    const { from, to } = hoursOf(bounds);
    let size = 8;
    for (let at = 0; at < vmIds.length; ) {
      const some = vmIds.slice(at, at + size);
      at += size;
      const rows = await database.read(spans, [arrayText(some), from, to]);
      const ofVm = Map.groupBy(rows, (row) => textIn(row, 'vm_id'));
      for (const vmId of some) {
        const parts = (ofVm.get(vmId) ?? []).map(hourSpanOf);
        // The span before the period, from whose end usage grows.
        const before = parts.findLast(({ hour }) => hour < from);
        const spans = parts.filter(({ hour }) => hour >= from).map(({ span }) => span);
        yield rowsOfVm(vmId, before?.span, spans, bounds);
      }
      size = Math.max(1, Math.min(128, Math.floor((rowsAtOnce * some.length) / Math.max(1, rows.length))));
    }
  }

  async function names({ customerId, after, limit }: NamesQuery): Promise<string[]> {
    const found =
      customerId === undefined
        ? await database.read(namesOfAll, [after, limit])
        : await database.read(namesOfCustomer, [after, limit, customerId]);
    return found.map((row) => textIn(row, 'vm_id'));
  }

  return {
    usage: (query) => readPage(query, { names, rows: readVms }),
    async *tracked(activeSinceNanos = lowest) {
      const { hour, nanos } = hourTimeOf(activeSinceNanos);
      const since = [hour, nanos, activeSinceNanos];
      for (let after = ''; ; ) {
        const rows: readonly Row[] = await database.read(trackedVms, [after, ...since]);
        if (rows.length === 0) return;
        after = textIn(rows.at(-1) ?? {}, 'vm_id');
        for (const row of rows) yield vmUsageOf(vmStateOf(row));
      }
    },
  };
}
