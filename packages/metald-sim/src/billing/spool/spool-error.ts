import { CommandError } from '@vmobs/telemetry';

/** Says at the start why a spool folder cannot be used and what to change. */
export class SpoolFolderError extends CommandError {
  override readonly name = 'SpoolFolderError';
}

/** Says of any failure that a folder cannot be used, and how to choose another. */
export function unusableFolder(folder: string, cause: unknown): SpoolFolderError {
  if (cause instanceof SpoolFolderError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SpoolFolderError(
    `cannot use the spool folder ${folder}: ${reason}; choose another with UNKEY_METALD_SIM_SPOOL or --spool, or "memory" for none`,
    { cause },
  );
}

/** Why an entry was not stored: the spool has reached its limit, or the disk does not take it. */
export type SpoolRefusal = 'spool_full' | 'spool_unwritable';

/** Says that an entry was not stored. Nothing of it is left in the spool. */
export class SpoolRefusedError extends Error {
  override readonly name = 'SpoolRefusedError';
  readonly refusal: SpoolRefusal;

  constructor(refusal: SpoolRefusal, message: string, options?: ErrorOptions) {
    super(message, options);
    this.refusal = refusal;
  }
}

/** Says that an entry cannot be read back. */
export class SpoolDamageError extends Error {
  override readonly name = 'SpoolDamageError';
}
