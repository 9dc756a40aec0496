import type { DatabaseSync } from 'node:sqlite';

/** What the senders said beside samples. Times are Unix nanoseconds. */
export interface NoticeTable {
  insert(vmId: string, kind: 'start' | 'stop' | 'gap', at: bigint, resumed?: bigint): void;
  removeBefore(at: bigint): void;
}

/** Prepares the statements on `notices`. */
export function createNoticeTable(db: DatabaseSync): NoticeTable {
  const insert = db.prepare('INSERT INTO notices (vm_name, kind, at, resumed) VALUES (?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM notices WHERE at < ?');
  return {
    insert: (vmId, kind, at, resumed) => void insert.run(vmId, kind, at, resumed ?? null),
    removeBefore: (at) => void remove.run(at),
  };
}
