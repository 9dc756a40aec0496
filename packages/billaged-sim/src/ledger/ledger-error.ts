import { CommandError } from '@vmobs/telemetry';

/** The ledger cannot be written or read now: no room, a failing disk, or it is closed. The same request may succeed later. */
export class LedgerUnavailableError extends Error {
  override readonly name = 'LedgerUnavailableError';
}

/** The ledger cannot be opened; the message says what its user can do. */
export class LedgerOpenError extends CommandError {
  override readonly name = 'LedgerOpenError';
}
