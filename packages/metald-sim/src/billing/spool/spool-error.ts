import { CommandError, messageOf } from '@vmobs/settings';

/** A spool folder cannot be used. The message has the reason and what to change. */
export class SpoolFolderError extends CommandError {
  override readonly name = 'SpoolFolderError';
}

/** Turns any failure to open a folder into an error that says how to choose another. */
export function unusableFolder(folder: string, cause: unknown): SpoolFolderError {
  if (cause instanceof SpoolFolderError) return cause;
  const reason = messageOf(cause);
  return new SpoolFolderError(
    `cannot use the spool folder ${folder}: ${reason}; choose another with UNKEY_METALD_SIM_SPOOL or --spool, or "memory" for none`,
    { cause },
  );
}

/** Why an entry was not stored: the spool is at its limit, or the write failed. */
export type SpoolRefusal = 'spool_full' | 'spool_unwritable';

/** An entry was not stored. Nothing of it is left in the spool. */
export class SpoolRefusedError extends Error {
  override readonly name = 'SpoolRefusedError';
  readonly refusal: SpoolRefusal;

  constructor(refusal: SpoolRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.refusal = refusal;
  }
}

/** An entry cannot be read back. */
export class SpoolDamageError extends Error {
  override readonly name = 'SpoolDamageError';
}
