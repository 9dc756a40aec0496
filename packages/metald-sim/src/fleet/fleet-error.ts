/** Why an operation was rejected or failed: names of Connect's codes. */
export type FleetErrorCode = 'not_found' | 'failed_precondition' | 'resource_exhausted' | 'internal';

/** An operation on the fleet was rejected or failed. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly code: FleetErrorCode;
  /** The VM of the operation, even if its client does not know the id yet. */
  readonly vmId: string | undefined;

  constructor(code: FleetErrorCode, message: string, options?: ErrorOptions & { readonly vmId?: string }) {
    super(message, options);
    this.code = code;
    this.vmId = options?.vmId;
  }
}
