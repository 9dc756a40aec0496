/** A closed run of samples of one VM, ready to be sent. What the sampler hands on and the sender takes. */
export interface Batch {
  readonly vmId: string;
  readonly customerId: string;
  readonly sampleCount: number;
  /** Unix nanoseconds of the first and last sample. */
  readonly firstTimestamp: bigint;
  readonly lastTimestamp: bigint;
  /** The encoded billing.v1.SendMetricsBatchRequest. */
  readonly bytes: Uint8Array;
}
