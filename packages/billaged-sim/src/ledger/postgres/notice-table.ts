import type { ColumnValue } from './array-text.ts';
import { byColumn, type Column, insertRows } from './column-set.ts';
import type { Transaction } from './database.ts';

/** What a sender said beside samples. Times are Unix nanoseconds. */
export interface Notice {
  readonly vmId: string;
  readonly kind: 'start' | 'stop' | 'gap';
  readonly at: bigint;
  /** End of a gap. */
  readonly resumed?: bigint;
}

const columns: readonly Column[] = [
  ['vm_id', 'text'],
  ['noticed_at', 'bigint'],
  ['kind', 'text'],
  ['resumed_at', 'bigint'],
];

/** The same notice is kept once, however often it comes. */
const insert = insertRows('insert_notices', 'notices', columns, 'ON CONFLICT DO NOTHING');

/** Keeps notices. */
export function insertNotices({ send }: Transaction, notices: readonly Notice[]): void {
  if (notices.length === 0) return;
  const rows = notices.map(({ vmId, kind, at, resumed = 0n }): ColumnValue[] => [vmId, at, kind, resumed]);
  send(insert, byColumn(columns, rows));
}

/** Removes the notices from before a time. */
export function removeNotices({ send }: Transaction, before: bigint): void {
  send({ text: 'DELETE FROM notices WHERE noticed_at < $1' }, [before]);
}
