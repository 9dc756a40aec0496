/** Samples of one VM as columns, oldest first or not; values are integers. */
export interface SampleColumns {
  /** How many rows are filled. */
  length: number;
  /** Unix time: whole seconds, and the nanoseconds within (0..999_999_999). */
  readonly seconds: Float64Array;
  readonly nanos: Int32Array;
  /** Cumulative counters since boot; exact up to 2^53, the decoder refuses larger ones. */
  readonly cpuNanos: Float64Array;
  /** Memory in use at the time of the sample, bytes. */
  readonly memoryBytes: Float64Array;
  readonly diskReadBytes: Float64Array;
  readonly diskWriteBytes: Float64Array;
  readonly networkRxBytes: Float64Array;
  readonly networkTxBytes: Float64Array;
}

/** What one request brings: samples of one VM. */
export interface ColumnBatch {
  readonly vmId: string;
  /** Whom the samples are billed to. */
  readonly customerId: string;
  readonly samples: SampleColumns;
}

/** Makes empty columns with room for so many samples. */
export function createSampleColumns(capacity: number): SampleColumns {
  return {
    length: 0,
    seconds: new Float64Array(capacity),
    nanos: new Int32Array(capacity),
    cpuNanos: new Float64Array(capacity),
    memoryBytes: new Float64Array(capacity),
    diskReadBytes: new Float64Array(capacity),
    diskWriteBytes: new Float64Array(capacity),
    networkRxBytes: new Float64Array(capacity),
    networkTxBytes: new Float64Array(capacity),
  };
}
