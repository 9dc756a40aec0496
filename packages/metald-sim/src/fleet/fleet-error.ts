/** Why the fleet refused or failed an operation, in the words of Connect's codes. */
export type FleetErrorCode = 'not_found' | 'failed_precondition' | 'resource_exhausted' | 'internal';

/** An operation on the fleet that did not happen. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly code: FleetErrorCode;
  /** The VM that it is about, also when its client does not know it yet. */
  readonly vmId: string | undefined;

  constructor(code: FleetErrorCode, message: string, options?: ErrorOptions & { readonly vmId?: string }) {
    super(message, options);
    this.code = code;
    this.vmId = options?.vmId;
  }
}
