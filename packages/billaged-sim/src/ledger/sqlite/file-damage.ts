import { LedgerOpenError } from '../ledger.ts';
import { isRefusedByIdentity, readRawIdentity } from './file-identity.ts';
import { type PageSums, sumsPath } from './page-sums.ts';
import { type LogScan, scanLog } from './write-ahead-log.ts';

/** What was found that a person should know, though the ledger can be used. */
export type OnFinding = (finding: string) => void;

/** The error of a file that is damaged. */
export function damaged(path: string, message: string): string {
  return `the ledger ${path} is damaged or not a ledger (${message}); restore a backup, or choose another file with --database`;
}

/**
 * Compares the file of a ledger and its log with their checksums. To be called before SQLite opens them: it would ignore the
 * log from its first wrong byte on, and delete it at the end.
 *
 * @throws LedgerOpenError when a commit before the last one is damaged or missing
 */
export function checkDamage(path: string, sums: PageSums, onFinding: OnFinding): void {
  const refuse = (message: string): never => {
    throw new LedgerOpenError(damaged(path, message));
  };
  const log = scanLog(`${path}-wal`);
  const identity = readRawIdentity(path);
  // SQLite reads the identity from the first page, so the error can say more than that this page has changed.
  if (isRefusedByIdentity(identity) && log?.pages.has(1) !== true) return;
  if (log?.end === 'damaged') {
    refuse(`its log ${path}-wal has wrong bytes before its last commit, so acknowledged batches cannot be read`);
  }
  const { state } = sums;
  const again = `an empty file ${sumsPath(path)} makes them again from what is there`;
  if (state === 'damaged') refuse(`its checksums in ${sumsPath(path)} have wrong bytes; ${again}`);
  if (state === 'none' && identity.isLedger) {
    refuse(`its checksums in ${sumsPath(path)} are missing, as in a copy that was made while billaged ran; ${again}`);
  }
  if (state === 'open' && log === undefined) {
    refuse(`its log ${path}-wal is missing, which had batches that were acknowledged`);
  }
  if (state === 'empty') onFinding(`the ledger ${path} had no checksums; damage before this start is not noticed`);
  else if (state !== 'none') checkPages(path, sums, log, refuse);
  if (log?.end === 'torn') {
    onFinding(
      `the last commit in ${path}-wal is incomplete or damaged and is left out: a power failure has cut it off, or batches that were acknowledged at the very end are not billed`,
    );
  }
}

function checkPages(path: string, sums: PageSums, log: LogScan | undefined, refuse: (message: string) => never): void {
  const inLog = log?.pages ?? new Map<number, number>();
  if (sums.state === 'closed' && ![...inLog].every(([page, crc]) => sums.has(page, crc))) {
    refuse(`${path}-wal is the log of another file; a backup is restored without it`);
  }
  const pages = sums.damagedPages(sums.state === 'closed' ? new Map() : inLog);
  if (pages.length === 0) return;
  const more = pages.length > 5 ? ` and ${pages.length - 5} more` : '';
  refuse(
    `its pages ${pages.slice(0, 5).join(', ')}${more} do not have their checksums; \`sqlite3 ${path} .recover\` saves what can be read`,
  );
}
