/** An error that its user can mend. A command shows its message alone, without a stack, and exits with its status. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  /** 1: it could not be done. 2: a setting or flag cannot be used. */
  readonly exitStatus: 1 | 2 = 1;
}
